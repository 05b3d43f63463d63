// The table of sizes and offsets that a plugin built long ago relies on: x86-64, LP64. A line may
// be added at the end of a struct; a line that changes is a break of the ABI.
#include <cstddef>
#include <string_view>

#include <catch2/catch.hpp>

#include <millrace/abi.h>

#include "tests/sdk/abi_c11.h"

namespace {

struct Place {
  const char* what;
  std::size_t expected;
  std::size_t found;
};

// clang-format off
#define SIZE(type, expected) {"sizeof " #type, expected, sizeof(type)}
#define AT(type, field, expected) {#type "." #field, expected, offsetof(type, field)}

const Place kPlaces[] = {
  SIZE(ArrowSchema, 72),
  AT(ArrowSchema, format, 0),
  AT(ArrowSchema, name, 8),
  AT(ArrowSchema, metadata, 16),
  AT(ArrowSchema, flags, 24),
  AT(ArrowSchema, n_children, 32),
  AT(ArrowSchema, children, 40),
  AT(ArrowSchema, dictionary, 48),
  AT(ArrowSchema, release, 56),
  AT(ArrowSchema, private_data, 64),

  SIZE(ArrowArray, 80),
  AT(ArrowArray, length, 0),
  AT(ArrowArray, null_count, 8),
  AT(ArrowArray, offset, 16),
  AT(ArrowArray, n_buffers, 24),
  AT(ArrowArray, n_children, 32),
  AT(ArrowArray, buffers, 40),
  AT(ArrowArray, children, 48),
  AT(ArrowArray, dictionary, 56),
  AT(ArrowArray, release, 64),
  AT(ArrowArray, private_data, 72),

  SIZE(mr_text, 16),
  AT(mr_text, data, 0),
  AT(mr_text, size, 8),

  SIZE(mr_where, 112),
  AT(mr_where, struct_size, 0),
  AT(mr_where, attempt, 4),
  AT(mr_where, job, 8),
  AT(mr_where, node, 24),
  AT(mr_where, seed, 40),
  AT(mr_where, sequence, 48),
  AT(mr_where, engine, 56),
  AT(mr_where, token, 72),
  AT(mr_where, job_attempt, 80),
  AT(mr_where, reserved, 84),
  AT(mr_where, installation, 88),
  AT(mr_where, lease_ms, 104),

  SIZE(mr_record_event, 96),
  AT(mr_record_event, struct_size, 0),
  AT(mr_record_event, level, 4),
  AT(mr_record_event, code, 8),
  AT(mr_record_event, message, 24),
  AT(mr_record_event, file, 40),
  AT(mr_record_event, line, 56),
  AT(mr_record_event, url, 64),
  AT(mr_record_event, op, 80),

  SIZE(mr_object_info, 24),
  AT(mr_object_info, struct_size, 0),
  AT(mr_object_info, is_folder, 4),
  AT(mr_object_info, size_bytes, 8),
  AT(mr_object_info, modified_us, 16),

  SIZE(mr_listed, 88),
  AT(mr_listed, struct_size, 0),
  AT(mr_listed, is_passed_over, 4),
  AT(mr_listed, folder, 8),
  AT(mr_listed, uri, 24),
  AT(mr_listed, name, 40),
  AT(mr_listed, why, 56),
  AT(mr_listed, size_bytes, 72),
  AT(mr_listed, modified_us, 80),

  SIZE(mr_connection, 40),
  AT(mr_connection, struct_size, 0),
  AT(mr_connection, reserved, 4),
  AT(mr_connection, address, 8),
  AT(mr_connection, password, 24),

  SIZE(mr_host, 336),
  AT(mr_host, struct_size, 0),
  AT(mr_host, abi_version, 4),
  AT(mr_host, value_kind, 8),
  AT(mr_host, value_bool, 16),
  AT(mr_host, value_integer, 24),
  AT(mr_host, value_number, 32),
  AT(mr_host, value_string, 40),
  AT(mr_host, value_size, 48),
  AT(mr_host, value_at, 56),
  AT(mr_host, value_key, 64),
  AT(mr_host, value_get, 72),
  AT(mr_host, where, 80),
  AT(mr_host, fail, 88),
  AT(mr_host, fault, 96),
  AT(mr_host, trait, 104),
  AT(mr_host, emit, 112),
  AT(mr_host, stopping, 120),
  AT(mr_host, log, 128),
  AT(mr_host, progress, 136),
  AT(mr_host, count, 144),
  AT(mr_host, record_event, 152),
  AT(mr_host, result, 160),
  AT(mr_host, save_state, 168),
  AT(mr_host, check_uri, 176),
  AT(mr_host, stat, 184),
  AT(mr_host, list, 192),
  AT(mr_host, open, 200),
  AT(mr_host, read, 208),
  AT(mr_host, seek, 216),
  AT(mr_host, close, 224),
  AT(mr_host, put, 232),
  AT(mr_host, stage, 240),
  AT(mr_host, write, 248),
  AT(mr_host, truncate, 256),
  AT(mr_host, catalog_query, 264),
  AT(mr_host, catalog_change, 272),
  AT(mr_host, last_error, 280),
  AT(mr_host, value_parse, 288),
  AT(mr_host, parallel, 296),
  AT(mr_host, metric, 304),
  AT(mr_host, seal, 312),
  AT(mr_host, list_below, 320),
  AT(mr_host, connection, 328),

  SIZE(mr_operator, 128),
  AT(mr_operator, struct_size, 0),
  AT(mr_operator, reserved, 4),
  AT(mr_operator, id, 8),
  AT(mr_operator, role, 24),
  AT(mr_operator, declaration, 40),
  AT(mr_operator, data, 56),
  AT(mr_operator, plan, 64),
  AT(mr_operator, create, 72),
  AT(mr_operator, destroy, 80),
  AT(mr_operator, produce, 88),
  AT(mr_operator, process, 96),
  AT(mr_operator, finish, 104),
  AT(mr_operator, snapshot, 112),
  AT(mr_operator, restore, 120),

  SIZE(mr_plugin, 56),
  AT(mr_plugin, struct_size, 0),
  AT(mr_plugin, abi_version, 4),
  AT(mr_plugin, name, 8),
  AT(mr_plugin, version, 24),
  AT(mr_plugin, operator_count, 40),
  AT(mr_plugin, operators, 48),
};

#undef SIZE
#undef AT

// What lies behind the last field of each struct. Padding there would be taken by the next field without a change of size,
// and a reader could not tell whether the maker knew that field.
#define BEHIND(type, last) Place{"behind " #type "." #last, 0, sizeof(type) - offsetof(type, last) - sizeof(type::last)}
const Place kBehind[] = {
  BEHIND(mr_where, lease_ms),      BEHIND(mr_record_event, op), BEHIND(mr_object_info, modified_us),
  BEHIND(mr_listed, modified_us),  BEHIND(mr_connection, password),
  BEHIND(mr_host, connection),     BEHIND(mr_operator, restore), BEHIND(mr_plugin, operators),
};
#undef BEHIND
// clang-format on

}  // namespace

TEST_CASE("no struct of the ABI ends in padding that a later field would take", "[sdk][abi]") {
  for (const auto& place : kBehind) {
    INFO(place.what);
    CHECK(place.found == place.expected);
  }
}

TEST_CASE("MR_HAS says whether the maker of a struct knew a field", "[sdk][abi]") {
  mr_where where{};
  where.struct_size = 56;
  CHECK(MR_HAS(&where, sequence));
  CHECK_FALSE(MR_HAS(&where, engine));
  where.struct_size = 72;
  CHECK(MR_HAS(&where, engine));
  CHECK_FALSE(MR_HAS(&where, token));
}

TEST_CASE("every struct of the ABI has the layout of version 1", "[sdk][abi]") {
  static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "the table is that of LP64");
  for (const auto& place : kPlaces) {
    INFO(place.what);
    CHECK(place.found == place.expected);
  }
}

TEST_CASE("C11 and C++ see the same structs", "[sdk][abi]") {
  std::size_t index = 0;
  for (const auto& place : kPlaces) {
    if (std::string_view{place.what}.substr(0, 7) != "sizeof ") continue;
    INFO(place.what);
    REQUIRE(index < mr_c11_size_count);
    CHECK(mr_c11_sizes[index] == place.found);
    ++index;
  }
  CHECK(index == mr_c11_size_count);
}

TEST_CASE("the numbers of the ABI keep their values", "[sdk][abi]") {
  CHECK(MR_ABI_VERSION == 1);
  const int codes[] = {
      MR_OK,        MR_INVALID_ARGUMENT,  MR_NOT_FOUND,        MR_CONFLICT,    MR_DATA_INVALID,
      MR_CANCELLED, MR_DEADLINE_EXCEEDED, MR_EXHAUSTED,        MR_UNAVAILABLE, MR_IO,
      MR_INTERNAL,  MR_UNAUTHENTICATED,   MR_PERMISSION_DENIED};
  for (int i = 0; i < 13; ++i) CHECK(codes[i] == i);
  CHECK(MR_END == 100);
  CHECK(MR_MORE == 101);
  const int kinds[] = {MR_NULL, MR_BOOL, MR_INTEGER, MR_NUMBER, MR_STRING, MR_ARRAY, MR_OBJECT};
  for (int i = 0; i < 7; ++i) CHECK(kinds[i] == i);
  const int levels[] = {MR_LOG_ERROR, MR_LOG_WARN, MR_LOG_INFO, MR_LOG_DEBUG};
  for (int i = 0; i < 4; ++i) CHECK(levels[i] == i);
}

// Texts where a stored password should be: reading one costs little, what it asks for is bounded,
// and what is cheap enough to be computed here is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "engine/base/password.hpp"
#include "engine/base/stored_password.hpp"

namespace {

namespace detail = millrace::detail;

void require(bool holds) {
  if (!holds) std::abort();
}

// Tells whether verifying takes less than a millisecond or so.
bool is_cheap(const detail::StoredPassword& stored) {
  if (const auto* pbkdf2 = std::get_if<detail::Pbkdf2Sha512>(&stored)) {
    require(pbkdf2->rounds >= 1 && pbkdf2->rounds <= detail::kMaxRounds);
    return pbkdf2->rounds <= 100;
  }
  const auto& cost = std::get<detail::Argon2idCost>(stored);
  require(cost.passes >= 1 && cost.memory_kib >= 8 && cost.memory_kib <= detail::kMaxMemoryKib);
  const auto filled_kib = std::uint64_t{cost.memory_kib} * cost.passes;
  require(filled_kib <= detail::kMaxFilledKib);
  return filled_kib <= 256;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto stored = detail::read_stored_password(text);
  if (!stored) {
    require(!millrace::verify_password("admin", text) && millrace::needs_rehash(text));
    return 0;
  }
  if (!is_cheap(*stored)) return 0;
  require(millrace::needs_rehash(text));
  // Two passwords that both match would be a collision.
  require(!(millrace::verify_password("admin", text) && millrace::verify_password("", text)));
  return 0;
}

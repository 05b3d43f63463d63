#include "sqlite_session.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace millrace::sql {

namespace {

struct Meaning {
  int result;
  Code code;
  const char* way_out = "";
};

constexpr const char* kLocked = "another program holds its lock; end it or try again";
constexpr const char* kRights = "check owner and mode of the file and of its folder";
constexpr const char* kDamaged = "it is damaged or no SQLite file; restore it from a copy";

constexpr Meaning kMeanings[] = {
    {SQLITE_BUSY, Code::Unavailable, kLocked},
    {SQLITE_LOCKED, Code::Unavailable, kLocked},
    {SQLITE_PROTOCOL, Code::Unavailable},
    {SQLITE_CONSTRAINT, Code::Conflict},
    {SQLITE_FULL, Code::Exhausted, "the disk is full; free some space"},
    {SQLITE_NOMEM, Code::Exhausted},
    {SQLITE_TOOBIG, Code::InvalidArgument,
     "a row holds at most 1,000,000,000 bytes; make less of it"},
    {SQLITE_MISMATCH, Code::InvalidArgument},
    {SQLITE_IOERR, Code::Io},
    {SQLITE_CANTOPEN, Code::Io, kRights},
    {SQLITE_READONLY, Code::Io, kRights},
    {SQLITE_PERM, Code::Io, kRights},
    {SQLITE_NOLFS, Code::Io},
    {SQLITE_CORRUPT, Code::DataInvalid, kDamaged},
    {SQLITE_NOTADB, Code::DataInvalid, kDamaged},
    {SQLITE_FORMAT, Code::DataInvalid},
};

// SQLITE_ERROR has no finer code for what is missing.
bool says_missing(std::string_view message) {
  constexpr std::array<std::string_view, 3> kMissing{"no such table", "no such column",
                                                     "unknown database"};
  return std::any_of(kMissing.begin(), kMissing.end(), [message](std::string_view begin) {
    return message.substr(0, begin.size()) == begin;
  });
}

Meaning meaning_of(int result, std::string_view message) {
  const int primary = result & 0xff;
  const auto* const found =
      std::find_if(std::begin(kMeanings), std::end(kMeanings),
                   [primary](const Meaning& known) { return known.result == primary; });
  if (found != std::end(kMeanings)) return *found;
  return {primary, says_missing(message) ? Code::NotFound : Code::Internal};
}

}  // namespace

Failure SqliteSession::failure(int result, std::string_view sql) const {
  const Failure::Origin origin{.number = result, .statement = std::string{sql}};
  if ((result & 0xff) == SQLITE_INTERRUPT) {
    if (std::chrono::steady_clock::now() < stop_at)
      return {Code::Cancelled, "database: interrupted (" + path + ")", origin};
    return {Code::DeadlineExceeded,
            "database: the answer takes longer than there is time for; ask for fewer rows, or for "
            "an order that an index has (" +
                path + ")",
            origin};
  }
  // Of the handle's last failure there is more to say, where this is it.
  const std::string message = handle && sqlite3_extended_errcode(handle.get()) == result
                                  ? sqlite3_errmsg(handle.get())
                                  : sqlite3_errstr(result);
  const Meaning meaning = meaning_of(result, message);
  const std::string way_out{meaning.way_out};
  return {meaning.code,
          "database: " + message + (way_out.empty() ? "" : ": ") + way_out + " (" + path + ")",
          origin};
}

SqliteStatement SqliteSession::prepare(std::string_view sql, unsigned flags) const {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      sql.find('\0') != std::string_view::npos) {
    throw Failure{Code::InvalidArgument, "database: a statement is too long or holds a NUL"};
  }
  sqlite3_stmt* made = nullptr;
  const char* rest = nullptr;
  const int result = sqlite3_prepare_v3(handle.get(), sql.data(), static_cast<int>(sql.size()),
                                        flags, &made, &rest);
  SqliteStatement statement{made};
  if (result != SQLITE_OK) throw failure(result, sql);
  const auto left = sql.substr(static_cast<std::size_t>(rest - sql.data()));
  if (made == nullptr || left.find_first_not_of(" \t\r\n;") != std::string_view::npos)
    throw Failure{Code::Internal, "database: not one statement", {.statement = std::string{sql}}};
  return statement;
}

Type type_of_sqlite(std::string_view declared) {
  struct Rule {
    std::string_view part;
    Type type;
  };
  constexpr Rule kRules[] = {
      {"INT", Type::Integer},        {"CHAR", Type::Text},   {"CLOB", Type::Text},
      {"TEXT", Type::Text},          {"BLOB", Type::Bytes},  {"REAL", Type::Real},
      {"FLOA", Type::Real},          {"DOUB", Type::Real},   {"DATETIME", Type::DateTime},
      {"TIMESTAMP", Type::DateTime}, {"DATE", Type::Date},   {"TIME", Type::Time},
      {"BOOL", Type::Integer},       {"DEC", Type::Decimal}, {"NUM", Type::Decimal}};
  std::string upper{declared};
  for (char& letter : upper)
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  const auto* const found = std::find_if(
      std::begin(kRules), std::end(kRules),
      [&upper](const Rule& rule) { return upper.find(rule.part) != std::string::npos; });
  return found == std::end(kRules) ? Type::Text : found->type;
}

}  // namespace millrace::sql

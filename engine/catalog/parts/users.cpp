#include "engine/catalog/part.hpp"
#include "engine/catalog/promotions.hpp"

namespace millrace {

// Who signs in, in whatever dialect.
CatalogPart part_users() {
  CatalogPart part;
  part.name = "users";
  part.migrations = {
      {
          1,
          "users",
          {
              MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS users (
            id {id},
            login {key 128} NOT NULL,
            login_folded {text} NOT NULL,
            full_name {key 255},
            password {text} NOT NULL,
            email {key 255},
            is_admin {integer} NOT NULL,
            created_us {integer} NOT NULL,
            updated_us {integer} NOT NULL
          ) {options})"),
              MigrationStep::index("users", "users_login", "UNIQUE (login)"),
              MigrationStep::index("users", "users_email", "UNIQUE (email)"),
          },
      },
      {
          2,
          "end of sessions",
          {
              MigrationStep::column("users", "is_disabled", "{integer} NOT NULL DEFAULT 0"),
              MigrationStep::column("users", "tokens_since_s", "{integer} NOT NULL DEFAULT 0"),
          },
      }};

  using Kind = ColumnKind;
  Entity users{"users", "users", {}, {"id"}};
  users.revision = kRegistry;
  users.remaining = {"is_admin = 1 AND is_disabled = 0",
                     {"is_admin", "is_disabled"},
                     "the last administrator who can sign in stays: make another one first"};
  users.closed_by = "is_disabled";
  users.check_closing = check_none_in_force;
  users.columns = {
      {"id", Kind::Integer, "id"},
      {"login",
       Kind::Text,
       "login",
       {.is_writable = true,
        .is_mandatory = true,
        .is_unique = true,
        .longest = 128,
        .folded = "login_folded"}},
      {"full_name", Kind::Text, "full_name", {.is_writable = true, .longest = 255}},
      {"email", Kind::Text, "email", {.is_writable = true, .is_unique = true, .longest = 255}},
      {"password", Kind::Password, "password", {.is_writable = true, .is_mandatory = true}},
      {"is_admin",
       Kind::Flag,
       "is_admin",
       {.is_writable = true, .is_mandatory = true, .fallback = "false"}},
      {"is_disabled",
       Kind::Flag,
       "is_disabled",
       {.is_writable = true, .is_mandatory = true, .fallback = "false"}},
      // What was issued to the user before is no good: of a password that was known to others, say.
      {"tokens_since",
       Kind::Integer,
       "tokens_since_s",
       {.is_writable = true, .raised_by = {"password", "is_disabled"}}},
      {"updated", Kind::Time, "updated_us"},
      {"created", Kind::Time, "created_us"},
  };
  part.entities = {std::move(users)};
  return part;
}

}  // namespace millrace

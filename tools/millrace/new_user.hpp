#pragma once

#include <string>

#include "engine/base/result.hpp"

namespace millrace::tool {

struct Program;

/// What `users add` is told.
struct NewUser {
  std::string login, name, email;
  std::string password, password_file;  // both empty: the password is asked for
  bool is_admin = false;
};

/// Returns the password of a new user: the one given, else read_password().
Result<std::string> password_of(const NewUser& user);

/// Adds a user to the catalog of the data folder; returns the exit code.
int add_user_here(const Program& program, const NewUser& user);

}  // namespace millrace::tool

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/operator.hpp>

namespace millrace::output {

/// A text as JSON.
std::string quoted(std::string_view text);

/// Members of a JSON object, one after the other.
class Members {
 public:
  explicit Members(std::string text = {}) : text_{std::move(text)} {}
  void add(std::string_view name, std::string_view json);
  void add(std::string_view name, double number);
  void add(std::string_view name, std::int64_t number);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string object() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

/// Inserts an entity into the catalog, and returns its row, with the id at the least.
Batch insert(Context& context, std::string_view entity, const Members& set);

/// Return the id of a user by the login, of a project by its name. What is not there is made where
/// `creates` says so: a user who cannot sign in; a project in the workspace of its name, which is
/// made too. Where somebody else makes it at this moment, it is that. Throw Failure: NotFound, or
/// Conflict where several have the name.
std::int64_t user_id(Context& context, const std::string& login, bool creates);
std::int64_t project_id(Context& context, const std::string& name, bool creates);

}  // namespace millrace::output

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/message.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// Finds the route of a request: exact paths with "{name}" for one non-empty segment and
/// "{name:int}" for one of at most 18 decimal digits. A path without names is one look into a
/// table; of the others a literal segment goes before a number, and that before a name. Fixed once
/// filled. [any thread]
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Adds a route, known to the caller by its number. Conflict when another has the same method and
  /// a path that could not be told from this one.
  Result<void> add(http::Method method, std::string_view path, std::size_t number);

  using Values = std::vector<std::pair<std::string, std::string>>;  // name -> segment
  struct Match {
    enum class Kind { Found, WrongMethod, UnknownPath };
    Kind kind = Kind::UnknownPath;
    std::size_t number = 0;             // Found
    Values values;                      // Found
    std::vector<http::Method> allowed;  // WrongMethod
  };
  /// What is found besides the paths and methods that were added.
  struct Leniency {
    bool head = false;           // HEAD by the route of GET
    bool missing_slash = false;  // a path that ends in a slash when it is asked for without
  };
  [[nodiscard]] Match match(http::Method method, std::string_view path, Leniency leniency) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::api

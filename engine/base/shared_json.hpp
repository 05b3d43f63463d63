#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/base/json.hpp"

namespace millrace {

/// A document that nobody changes any more: copies share it, and the text of it once that was asked
/// for. [any thread]
class SharedJson {
 public:
  SharedJson();
  SharedJson(Json document);

  operator const Json&() const { return **this; }
  const Json& operator*() const;
  const Json* operator->() const { return &**this; }

  /// Without blanks, in UTF-8; bytes that are not become U+FFFD.
  [[nodiscard]] const std::string& text() const;

  /// Compares the documents.
  friend bool operator==(const SharedJson& a, const SharedJson& b) { return *a == *b; }

 private:
  struct Held;
  std::shared_ptr<const Held> held_;  // never null
};

}  // namespace millrace

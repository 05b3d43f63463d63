#include "engine/base/secret_texts.hpp"

namespace millrace {

void SecretTexts::add(std::string_view secret) {
  if (secret.size() < kLeastBytes) return;
  const std::lock_guard lock{mutex_};
  if (secrets_.size() < kMost) secrets_.emplace(secret);
}

void SecretTexts::add_all(const Json& value) {
  if (value.is_string()) add(value.get_ref<const std::string&>());
  if (!value.is_structured()) return;
  for (const auto& one : value) add_all(one);
}

std::string SecretTexts::hide(std::string_view text) const {
  std::string hidden{text};
  const std::lock_guard lock{mutex_};
  for (const auto& secret : secrets_) {
    constexpr std::string_view kHidden = "***";
    for (auto at = hidden.find(secret); at != std::string::npos;
         at = hidden.find(secret, at + kHidden.size()))
      hidden.replace(at, secret.size(), kHidden);
  }
  return hidden;
}

}  // namespace millrace

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/auth/throttle.hpp"
#include "api/auth/token.hpp"
#include "api/maisie/known_users.hpp"
#include "api/maisie/settings.hpp"
#include "api/maisie/views.hpp"
#include "api/route/route.hpp"
#include "engine/base/clock.hpp"

namespace millrace {
class Blobs;
class Catalog;
}  // namespace millrace

namespace millrace::maisie {

/// What the routes of the dialect share. [any thread]
struct Registry {
  Registry(Settings chosen, auth::TokenIssuer issuer, const Clock& engine_clock, Blobs& files,
           Catalog& rows)
      : settings{std::move(chosen)},
        tokens{std::move(issuer)},
        throttle{engine_clock},
        clock{engine_clock},
        blobs{files},
        catalog{rows},
        users{rows, engine_clock} {}

  const Settings settings;
  const auth::TokenIssuer tokens;
  auth::Throttle throttle;
  const Clock& clock;
  Blobs& blobs;      // of the engine's store
  Catalog& catalog;  // to ask who still refers to a file
  KnownUsers users;

  /// Views of rows for who asks.
  [[nodiscard]] Views views(const api::Call& call) const;
};

/// The id of the signed-in user, 0 for nobody.
std::int64_t user_of(const api::Caller& caller);

using SharedRegistry = std::shared_ptr<Registry>;  // shared by the routes and the authenticator

}  // namespace millrace::maisie

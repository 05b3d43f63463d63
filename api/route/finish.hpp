#pragma once

#include <chrono>
#include <memory>

#include "api/http/message.hpp"
#include "api/route/endpoint.hpp"
#include "api/route/route.hpp"

namespace millrace::api {

/// Words a refusal as the dialect does, without the headers that every answer carries.
http::Response worded(const Dialect& dialect, const Refusal& refusal, const http::Request& request);

/// Adds the headers that every answer carries; `route` is null where none was found.
void decorate(const Dialect& dialect, const Route* route, const http::Request& request,
              http::Response& response);

/// The end of every road: decorates the answer, counts it, logs it, and sends it. Copyable like the
/// reply it holds. [any thread]
class Finish {
 public:
  /// `endpoint` has no route where none was found. It and the dialect outlive the answer.
  Finish(const Dialect& dialect, const Endpoint& endpoint,
         std::shared_ptr<const http::Request> request, http::Reply reply);

  void answer(http::Response response) const;
  void refuse(const Refusal& refusal) const;

 private:
  /// Counts the answer, and logs it.
  void note(int status) const;

  const Dialect* dialect_;
  const Endpoint* endpoint_;
  std::shared_ptr<const http::Request>
      request_;  // shared with the road, and with a handler of a direct route
  http::Reply reply_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace millrace::api

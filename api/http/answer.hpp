#pragma once

#include <atomic>
#include <memory>

#include "api/http/message.hpp"

namespace millrace::http {

class IoThread;
class Session;

/// The one chance to answer a request. [any thread] When all copies of a Reply go away without an
/// answer, the client gets a 500 instead of silence. May outlive connection and server.
class Answer {
 public:
  Answer(IoThread& io, std::weak_ptr<Session> session);
  ~Answer();
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void give(Response response);

 private:
  std::weak_ptr<IoThread> io_;
  std::weak_ptr<Session> session_;
  std::atomic<bool> is_given_{false};
};

}  // namespace millrace::http

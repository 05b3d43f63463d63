#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::api {

/// What the server counts, in the text form of Prometheus. [any thread]
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// The counters of one route, kept as long as the metrics.
  class Route {
   public:
    virtual ~Route() = default;
    virtual void observe(int status, std::chrono::nanoseconds took) = 0;
  };
  Route& route(std::string_view dialect, std::string_view name);

  /// A number that is asked for when the metrics are read.
  struct Sample {
    std::string name, help;
    bool is_counter = false;  // else a gauge
    double value = 0;
  };
  void add_source(std::function<std::vector<Sample>()> source);

  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::api

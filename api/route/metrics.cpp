#include "api/route/metrics.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace millrace::api {

namespace {

using prometheus::Counter;
using prometheus::Histogram;

// Seconds: from a read that hits the cache to an upload of minutes.
const Histogram::BucketBoundaries kSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                           0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                           1,      2.5,     5,      10,    60};

class RouteMetrics final : public Metrics::Route {
 public:
  RouteMetrics(prometheus::Family<Counter>& requests, prometheus::Family<Histogram>& seconds,
               const std::string& dialect, const std::string& name)
      : seconds_{&seconds.Add({{"dialect", dialect}, {"route", name}}, kSeconds)} {
    for (std::size_t i = 0; i < classes_.size(); ++i)
      classes_[i] = &requests.Add(
          {{"dialect", dialect}, {"route", name}, {"status", std::to_string(i + 1) + "xx"}});
  }

  void observe(int status, std::chrono::nanoseconds took) override {
    classes_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->Increment();
    seconds_->Observe(std::chrono::duration<double>(took).count());
  }

 private:
  std::array<Counter*, 5> classes_{};  // 1xx to 5xx, owned by the registry
  Histogram* seconds_;
};

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<Counter>& requests =
      prometheus::BuildCounter()
          .Name("millrace_http_requests_total")
          .Help("Requests answered, by route and class of status")
          .Register(registry);
  prometheus::Family<Histogram>& seconds = prometheus::BuildHistogram()
                                               .Name("millrace_http_request_seconds")
                                               .Help("Time from the end of a request to its answer")
                                               .Register(registry);
  mutable std::mutex mutex;  // guards the two below
  std::vector<std::unique_ptr<RouteMetrics>> routes;
  std::vector<std::function<std::vector<Sample>()>> sources;
};

Metrics::Metrics() : state_{std::make_unique<State>()} {}
Metrics::~Metrics() = default;

Metrics::Route& Metrics::route(std::string_view dialect, std::string_view name) {
  auto made = std::make_unique<RouteMetrics>(state_->requests, state_->seconds,
                                             std::string{dialect}, std::string{name});
  const std::lock_guard lock{state_->mutex};
  return *state_->routes.emplace_back(std::move(made));
}

void Metrics::add_source(std::function<std::vector<Sample>()> source) {
  const std::lock_guard lock{state_->mutex};
  state_->sources.push_back(std::move(source));
}

std::string Metrics::text() const {
  auto families = state_->registry.Collect();
  // Samples come from other parts, which have locks of their own: they are not asked under ours.
  std::vector<std::function<std::vector<Sample>()>> sources;
  {
    const std::lock_guard lock{state_->mutex};
    sources = state_->sources;
  }
  for (const auto& source : sources) {
    for (auto& sample : source()) {
      prometheus::MetricFamily family;
      family.name = std::move(sample.name);
      family.help = std::move(sample.help);
      family.type =
          sample.is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
      auto& metric = family.metric.emplace_back();
      metric.counter.value = sample.value;
      metric.gauge.value = sample.value;
      families.push_back(std::move(family));
    }
  }
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace millrace::api

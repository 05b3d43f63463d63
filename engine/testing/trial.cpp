#include "engine/testing/trial.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/sha1.hpp"
#include "engine/testing/batch_json.hpp"

namespace millrace::testing {
namespace {

Json digest(std::string_view bytes) {
  return Json::object({{"bytes", bytes.size()}, {"sha256", to_hex(sha256(bytes))}});
}

}  // namespace

Json Transcript::rows() const {
  Json ports = Json::object();
  for (const auto& [port, batches] : emitted) {
    Json all = Json::array();
    for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
    if (all.empty()) continue;
    const auto schema = schemas.find(port);
    ports[port] = Json::object(
        {{"schema", schema == schemas.end() ? Json{} : schema->second}, {"rows", all}});
  }
  return ports;
}

Json Transcript::whole() const {
  Json json = Json::object();
  json["code"] = is_ok ? "ok" : std::string{to_string(code)};
  json["rows"] = rows();
  json["outside"] = outside;
  return json;
}

Trial::Trial(const FoundOperator& found, const Example& example,
             std::shared_ptr<MemoryServices> services, ParallelHelpers* helpers)
    : found_{found},
      example_{example},
      services_{services ? std::move(services) : example.make_services()},
      helpers_{helpers} {
  make();
}

Trial::~Trial() = default;

void Trial::make() {
  auto made = OperatorInstance::create(*found_.table, example_.checked, call());
  if (made.ok()) {
    instance_ = *std::move(made);
  } else {
    note(made.error());
  }
}

Call Trial::call() {
  Call made{*services_, "node", sequence_};
  made.emit = &Trial::take;
  made.emit_user = this;
  made.helpers = helpers_;
  return made;
}

void Trial::note(const Error& error) {
  if (!transcript_.is_ok) return;
  transcript_.is_ok = false;
  transcript_.code = error.code;
  transcript_.message = error.message;
}

void Trial::take(void* user, std::string_view port, Batch batch) {
  auto& self = *static_cast<Trial*>(user);
  const std::string name{port};
  const auto& ports = self.example_.info.ports;
  if (!port.empty() && std::find(ports.begin(), ports.end(), name) == ports.end()) {
    self.odd_port_ = name;
  }
  try {
    batch.validate();
    auto& transcript = self.transcript_;
    if (!batch.empty()) transcript.schemas.try_emplace(name, schema_to_json(batch.schema()));
    transcript.emitted[name].push_back(rows_to_json(batch));
  } catch (const std::exception& caught) {
    if (self.flaw_.empty())
      self.flaw_ = std::string{"emitted a batch that is not well-formed: "} + caught.what();
  }
}

template <class Again>
void Trial::follow(Result<Answer> answer, Again again) {
  for (int calls = 0; answer.ok() && *answer == Answer::More; ++calls) {
    if (services_->is_stopping) return note(Error{Code::Cancelled, "stopped"});
    if (calls == kMostCalls) {
      is_endless_ = true;
      return note(Error{Code::Exhausted, "asks to be called again without an end"});
    }
    answer = again();
  }
  if (!answer.ok()) note(answer.error());
}

Trial& Trial::push(Batch batch) {
  if (!transcript_.is_ok) return *this;
  follow(instance_.process_step(call(), std::move(batch)),
         [this] { return instance_.process_more(call()); });
  ++sequence_;
  return *this;
}

Trial& Trial::produce(std::int64_t most) {
  for (std::int64_t i = 0; i < most && transcript_.is_ok && !has_ended_; ++i) {
    const auto more = instance_.produce(call());
    if (!more.ok()) {
      note(more.error());
    } else {
      has_ended_ = !*more;
    }
    ++sequence_;
  }
  return *this;
}

Trial& Trial::produce_past_end() {
  has_ended_ = false;
  return produce(1);
}

Trial& Trial::finish() {
  if (!transcript_.is_ok) return *this;
  follow(instance_.finish_step(call()), [this] { return instance_.finish_step(call()); });
  return *this;
}

Trial& Trial::at(std::int64_t sequence) {
  sequence_ = sequence;
  return *this;
}

std::string Trial::snapshot() {
  if (!transcript_.is_ok) return {};
  auto state = instance_.snapshot(call());
  if (state.ok()) return *std::move(state);
  note(state.error());
  return {};
}

Trial& Trial::restore(const std::string& state) {
  if (!transcript_.is_ok) return *this;
  destroy();
  has_ended_ = false;
  make();
  if (!transcript_.is_ok) return *this;
  if (const auto done = instance_.restore(call(), state); !done.ok()) note(done.error());
  return *this;
}

Trial& Trial::destroy() {
  OperatorInstance{std::move(instance_)};
  return *this;
}

Transcript Trial::transcript() const {
  Transcript made = transcript_;
  for (const auto& [uri, writer] : services_->staged)
    made.outside["staged"][uri] = digest(writer->bytes());
  if (services_->databases) made.outside["databases"] = services_->databases->contents();
  for (const auto& [uri, bytes] : services_->objects) made.outside["objects"][uri] = digest(bytes);
  for (const auto& [key, text] : services_->results)
    made.outside["results"][key] = Json::parse(text);
  return made;
}

Trial& Trial::forget() {
  transcript_.emitted.clear();
  transcript_.schemas.clear();
  return *this;
}

}  // namespace millrace::testing

// Operators of every shape that MR_PLUGIN accepts, doing one thing each that the tests look at.
#include <array>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

class CountDown final : public Source, public Checkpointed {
 public:
  static constexpr auto kName = "input.count_down";
  static constexpr auto kRole = Role::Input;
  static constexpr auto kParams = R"( { "from": {"type": "integer", "default": 3} } )";

  explicit CountDown(const Params& params) : next_{params.integer("from", 3)} {}

  bool produce(Context& context) override {
    if (next_ == 0) return false;
    Builder<std::int64_t> n;
    n.append(next_--);
    context.emit(Batch{}.with("n", std::move(n)), "rest");
    return true;
  }
  std::string snapshot(Context&) override { return std::to_string(next_); }
  void restore(Context&, std::string_view state) override {
    next_ = std::stoll(std::string{state});
  }

 private:
  std::int64_t next_;
};

class MinArea final : public Operator {
 public:
  static constexpr auto kName = "filter.min_area";
  static constexpr auto kRole = Role::Filter;
  static constexpr auto kParams = R"({"min_area": {"type": "number", "default": 1024}})";
  static constexpr auto kDoc = "Drops \"small\" rows.\nBackslash: \\ tab:\t end.";
  static constexpr auto kTraits = R"({"replicable": true, "reads": {"area": "number"}})";

  explicit MinArea(const Params& params) : min_area_{params.number("min_area", 1024)} {}

  static void plan(Context& context, const Params& params) {
    if (params.number("min_area") < 0)
      context.fault("range", "/min_area", "an area is not negative");
    if (params.number("min_area") == 0) context.trait("stateless", "true");
  }
  void process(Context& context, Batch batch) override {
    context.emit(std::move(batch).keep_rows("area", [this](double a) { return a >= min_area_; }));
  }

 private:
  double min_area_;  // pixels
};

class Nothing final : public Operator {
 public:
  static constexpr auto kName = "preprocess.nothing";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
  void finish(Context& context) override { context.log(Level::Info, "finished"); }
};

// Emits the numbers of its batch one in a call, and "end" as often as it was given batches.
class OneByOne final : public Operator {
 public:
  static constexpr auto kName = "preprocess.one_by_one";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";

  void process(Context& context, Batch batch) override {
    batch_ = std::move(batch);
    row_ = 0;
    ++batches_;
    process_more(context);
  }
  void process_more(Context& context) override {
    if (row_ < batch_.rows()) context.emit(batch_.slice(row_++, 1));
    if (row_ < batch_.rows()) context.more();
  }
  void finish(Context& context) override {
    if (batches_ == 0) return;
    context.emit(Batch{}, "end");
    if (--batches_ > 0) context.more();
  }

 private:
  Batch batch_;
  std::int64_t row_ = 0;
  int batches_ = 0;
};

// Asks for more, and cannot do it.
class Careless final : public Operator {
 public:
  static constexpr auto kName = "preprocess.careless";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kParams = "{}";
  void process(Context& context, Batch) override { context.more(); }
};

class Thrower final : public Operator {
 public:
  static constexpr auto kName = "label.thrower";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kParams = R"({"what": {"type": "string"}, "when": {"type": "string"}})";

  Thrower(Context& context, const Params& params)
      : what_{params.string("what")},
        when_{params.string("when", "process")},
        node_{context.node()} {
    throw_at("create");
  }
  static void plan(Context&, const Params& params) {
    if (params.string("when") == "plan") throw Failure{MR_UNAVAILABLE, "the planner is out"};
  }
  void process(Context&, Batch) override { throw_at("process"); }
  void finish(Context&) override { throw_at("finish"); }

 private:
  void throw_at(const char* when) const {
    if (when_ != when) return;
    if (what_ == "failure") throw Failure{MR_UNAVAILABLE, "not now, " + node_};
    if (what_ == "no_code") throw Failure{MR_OK, "a failure that says OK"};
    if (what_ == "end") throw Failure{MR_END, "a failure that says END"};
    if (what_ == "memory") throw std::bad_alloc{};
    if (what_ == "standard") throw std::out_of_range{"index 7"};
    throw 7;
  }
  std::string what_, when_, node_;
};

// Does what its parameter says with the services of the host.
class Services final : public Operator {
 public:
  static constexpr auto kName = "output.services";
  static constexpr auto kRole = Role::Output;
  static constexpr auto kParams = R"({"do": {"type": "string"}})";

  explicit Services(const Params& params) : what_{params.string("do")} {}

  void process(Context& context, Batch) override {
    if (what_ == "tell") tell(context);
    if (what_ == "read") read(context);
    if (what_ == "list") list(context);
    if (what_ == "list and throw") {
      context.list("mem:", [](std::string_view, const ObjectInfo&) {
        throw Failure{MR_DATA_INVALID, "enough"};
      });
    }
    if (what_ == "list below") {
      std::string told;
      context.list_below("mem:", [&](const Listed& entry) {
        told += entry.is_passed_over() ? "(" + std::string{entry.why} + ") " : "";
        told += std::string{entry.folder} + '|' + std::string{entry.name} + '=' +
                std::to_string(entry.info.size_bytes) + ' ';
      });
      context.result("below", '"' + told + '"');
    }
    if (what_ == "connection" || what_ == "connection to write") {
      const auto told = context.connection("input", what_ == "connection to write");
      context.result("connection", '"' + told.address + ' ' + told.password + '"');
    }
    if (what_ == "no connection") (void)context.connection("elsewhere", false);
    if (what_ == "list nowhere") context.list("", [](std::string_view, const ObjectInfo&) {});
    if (what_ == "read broken") (void)context.read_all("mem:broken", 100);
    if (what_ == "read absent") (void)context.open("mem:absent");
    if (what_ == "stat absent") (void)context.stat("mem:absent");
    if (what_ == "read too much") (void)context.read_all("mem:long", 9'999);
    if (what_ == "write") write(context);
    if (what_ == "write too much") context.stage("mem:out").write("full");
    if (what_ == "check") context.check_uri("http://example.org/", true);
    if (what_ == "stop" && context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    if (what_ == "parse") parse(context);
    if (what_ == "parse rubbish") (void)context.parse("{\"a\":");
    if (what_ == "parallel") parallel(context, 0);
    if (what_ == "parallel failure") parallel(context, 5);
    if (what_ == "metric") context.metric("train/loss", 7, 0.25);
    if (what_ == "seal") {
      Writer content = context.stage("blob:");
      content.write("weights");
      context.result("sealed", '"' + context.seal(content) + '"');
      if (!context.read_all("blob:" + std::string(64, 'a'), 100).empty()) context.count("opened");
      (void)context.seal(content);
    }
    if (what_ == "seal nothing") {
      Writer content = context.stage("blob:");
      (void)context.seal(content);
    }
    if (what_ == "identity") {
      context.result("identity", std::string{context.engine()} + " " +
                                     std::to_string(context.token()) + " " +
                                     std::to_string(context.job_attempt()));
      context.result("installation", std::string{context.installation()} + " " +
                                         std::to_string(context.lease().count()));
    }
    if (what_ == "catalog") {
      context.result("rows",
                     std::to_string(context.query(Value{}).column<std::int64_t>("id").value(0)));
      context.change(Value{});
    }
  }

 private:
  // Sums squares; the call for `failing` and those behind it throw.
  static void parallel(Context& context, std::uint64_t failing) {
    std::array<std::uint64_t, 10> squares{};
    context.parallel(squares.size(), [&](std::uint64_t i) {
      if (failing > 0 && i >= failing) throw Failure{MR_UNAVAILABLE, "call " + std::to_string(i)};
      squares[i] = i * i;
    });
    context.result("squares", std::to_string(std::accumulate(squares.begin(), squares.end(),
                                                             std::uint64_t{0})));
  }
  static void tell(Context& context) {
    context.log(Level::Warn, "careful");
    context.progress(1, 2, "pictures");
    context.count("seen");
    context.count("seen", 4);
    context.record_event(
        {.code = "decode_failed", .message = "bad", .file = "f", .line = 3, .url = "u", .op = "o"});
    context.result("where", std::string{context.job()} + " " + std::string{context.node()} + " " +
                                std::to_string(context.seed()) + " " +
                                std::to_string(context.sequence()) + " " +
                                std::to_string(context.attempt()));
  }
  static void read(Context& context) {
    const std::string all = context.read_all("mem:long", 10'000);
    const ObjectInfo info = context.stat("mem:long");
    Reader reader = context.open("mem:long");
    Reader other = context.open("mem:short");
    std::swap(reader, other);
    char buffer[4] = {};
    other.seek(9'998);
    const std::size_t size = other.read(buffer);
    context.result("read", std::to_string(all.size()) + " " + std::to_string(info.size_bytes) +
                               " " + std::to_string(info.modified_us) + " " + std::to_string(size) +
                               " " + std::to_string(other.read(buffer)));
  }
  static void list(Context& context) {
    std::string found;
    context.list("mem:", [&](std::string_view uri, const ObjectInfo& info) {
      found += std::string{uri} + "=" + std::to_string(info.size_bytes) + " ";
    });
    context.result("list", found);
  }
  static void parse(Context& context) {
    const Value value =
        context.parse(R"({"list": [1, 2.5, "three", true, null], "object": {"key": {}}})");
    const Value list = value["list"];
    context.result("scalars", std::to_string(list.at(0).integer()) + " " +
                                  std::to_string(list.at(1).number()) + " " +
                                  std::string{list.at(2).string()} + " " +
                                  (list.at(3).boolean() ? "true" : "false"));
    context.result("kinds",
                   std::to_string(value.kind()) + std::to_string(list.kind()) +
                       std::to_string(list.at(0).kind()) + std::to_string(list.at(1).kind()) +
                       std::to_string(list.at(2).kind()) + std::to_string(list.at(3).kind()) +
                       std::to_string(list.at(4).kind()) + std::to_string(list.at(5).kind()));
    const Value absent = value["absent"]["below"].at(3);
    context.result("absent", std::to_string(absent.kind()) + std::to_string(absent.size()) +
                                 std::to_string(absent.integer()) + std::string{absent.string()} +
                                 (absent.boolean() ? "true" : "false"));
    context.result("shape", std::to_string(value.size()) + std::to_string(list.size()) +
                                std::string{value.key(1)} + std::string{value["object"].key(0)});
  }
  static void write(Context& context) {
    Writer writer = context.stage("mem:out");
    writer.write("hello world");
    writer.truncate(5);
    context.put("mem:put", "bytes");
    context.result("written", std::to_string(writer.size()));
  }

  std::string what_;
};

}  // namespace

MR_PLUGIN("test.classes", "1.2.3", CountDown, MinArea, Nothing, OneByOne, Careless, Thrower,
          Services)

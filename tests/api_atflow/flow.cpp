#include "tests/api_atflow/flow.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>

#include "api/auth/qiniu_signature.hpp"
#include "tests/api_http/client.hpp"

#include <fmt/format.h>

namespace millrace::test {

namespace {

constexpr std::string_view kPulp =
    R"({"url":"qiniu:///z0/in/img/a.png","type":"image","label":{"class":{"pulp":"normal","terror":"normal"},"detect":{"general_d":{"bbox":[{"class":"dog","pts":[[10,20],[30,20],[30,40],[10,40]]}]}},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/b.png","type":"image","label":{"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]]},{"class":"dog","pts":[[60,10],[90,10],[90,50],[60,50]]}]}},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/c.png","type":"image","label":{"class":{"pulp":"pulp"},"facecluster":"c2"}}
{"url":"qiniu:///z0/in/img/d.png","type":"image","label":{"class":{"pulp":"normal"}}}
{"url": "http://any_url", "type": "image", "label": {"facecluster": "人脸1", "detect": {"general_d": {"bbox": [[[10, 20], [21, 31], [81, 91]], "class": "dog"}]}}, "class": {"terror": "terror", "pulp": "sexy", "general": "dog"}}}
{"url":"qiniu:///z0/in/img/e.png","type":"image","x-note":"keep me","label":{"class":{"pulp":"sexy"},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/f.png","type":"image"}
)";

void write_file(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream{file, std::ios::binary} << text;
}

// A picture whose every pixel differs from its neighbours and its mirror images.
void write_picture(const std::filesystem::path& file, int seed) {
  cv::Mat picture(60, 100, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      picture.at<cv::Vec3b>(y, x) = {static_cast<uchar>(2 * x + seed),
                                     static_cast<uchar>(4 * y + seed),
                                     static_cast<uchar>(x * y + 40 * seed)};
    }
  }
  std::filesystem::create_directories(file.parent_path());
  REQUIRE(cv::imwrite(file.string(), picture));
}

Flow::Answer answer_of(const Reply& reply) {
  Flow::Answer answer{reply.status, reply.body, Json::parse(reply.body, nullptr, false)};
  if (answer.body.is_discarded()) answer.body = nullptr;
  return answer;
}

}  // namespace

Flow::Flow(Json settings, std::size_t workers) : settings_(std::move(settings)), workers_{workers} {
  for (int i = 0; i < 6; ++i) {
    write_picture(store() / "z0/in/img" / (std::string(1, static_cast<char>('a' + i)) + ".png"), i);
  }
  write_file(store() / "z0/in/pulp.jsonlist", kPulp);
  if (!settings_.contains("keys")) {
    settings_["keys"] = Json::array({Json{
        {"accessKey", "ak-test"}, {"secretKey", "sk-test"}, {"logBucket", "qiniu:///z0/logs"}}});
  }
  write_file(folder_.path() / "data/atflow.json", settings_.dump());
  std::filesystem::permissions(folder_.path() / "data/atflow.json",
                               std::filesystem::perms::owner_read);
  start();
}

Flow::~Flow() = default;

void Flow::start() {
  api::AppSettings settings;
  settings.engine.data = folder_.path() / "data";
  settings.engine.workers = workers_;
  settings.engine.plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"};
  settings.share = std::filesystem::path{MR_BINARY_DIR} / "share/millrace";
  settings.port = 0;
  settings.roots = {root(), store()};
  settings.mounts.push_back({"atflow", "127.0.0.1", 0});
  auto opened = api::App::open(std::move(settings));
  if (!opened.ok()) FAIL(opened.error().message);
  app_ = *std::move(opened);
  const auto started = app_->start();
  if (!started.ok()) FAIL(started.error().message);
  port_ = app_->addresses().at(1).port;
}

void Flow::restart() {
  app_->stop();
  app_.reset();
  start();
}

std::string Flow::host() const { return fmt::format("127.0.0.1:{}", port_); }

Flow::Answer Flow::plain(std::string_view method, std::string_view path,
                         const std::vector<std::string>& headers, std::string_view body) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, host());
  for (const std::string& header : headers) text += header + "\r\n";
  if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
  text += "\r\n";
  text += body;
  Client client{port_};
  client.send(text);
  return answer_of(client.read_reply());
}

Flow::Answer Flow::q(std::string_view method, std::string_view path, std::string_view body) {
  http::Request request;
  request.method = *http::read_method(method);
  request.target = path;
  request.body = body;
  std::vector<std::string> headers;
  if (!body.empty()) {
    request.headers.add("Content-Type", "application/json");
    headers.emplace_back("Content-Type: application/json");
  }
  headers.push_back("Authorization: Qiniu ak-test:" +
                    auth::sign("sk-test", auth::string_to_sign(request, host())));
  return plain(method, path, headers, body);
}

Json Flow::wait(const std::string& id) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (std::chrono::steady_clock::now() < deadline) {
    const auto answer = q("GET", "/v1/dataflows/" + id);
    REQUIRE(answer.status == 200);
    const auto status = answer.body.at("status").get<std::string>();
    if (status == "finished" || status == "failed" || status == "aborted") return answer.body;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  FAIL("job did not end within a minute: " << id);
  return {};
}

Json Flow::run_mix(const Json& body) {
  const auto answer = q("POST", "/v1/dataflows/mix", body.dump());
  INFO(answer.text);
  REQUIRE(answer.status == 202);
  return wait(answer.id());
}

std::string Flow::file(const std::string& key) const {
  std::ifstream stream{store() / "z0" / key, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

bool Flow::exists(const std::string& key) const {
  return std::filesystem::exists(store() / "z0" / key);
}

std::vector<Json> Flow::records(const std::string& key) const {
  REQUIRE(exists(key));
  std::vector<Json> records;
  std::istringstream lines{file(key)};
  for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
  return records;
}

std::pair<int, int> Flow::size_of(const std::string& url) const {
  const std::string prefix = "qiniu:///z0/";
  REQUIRE(url.compare(0, prefix.size(), prefix) == 0);
  const cv::Mat picture =
      cv::imread((store() / "z0" / url.substr(prefix.size())).string(), cv::IMREAD_UNCHANGED);
  REQUIRE(!picture.empty());
  return {picture.cols, picture.rows};
}

Json mix_of(const std::string& ops, const std::string& name) {
  return Json{{"ops",
               {{{"name", "source"},
                 {"type", "input"},
                 {"preOps", Json::array()},
                 {"postOps", {"step"}},
                 {"params", {{"file", "qiniu:///z0/in/pulp.jsonlist"}}}},
                {{"name", "step"},
                 {"type", "augment"},
                 {"preOps", {"source"}},
                 {"postOps", {"result"}},
                 {"params", {{"condition", Json::array()}, {"ops", ops}}}},
                {{"name", "result"},
                 {"type", "output"},
                 {"preOps", {"step"}},
                 {"postOps", Json::array()},
                 {"params",
                  {{"prefix", "qiniu:///z0/out/" + name},
                   {"file", "qiniu:///z0/out/" + name + ".jsonlist"}}}}}}};
}

Json mix_e4() {
  return Json::parse(R"({"ops":[
 {"name":"source","type":"input","preOps":[],"postOps":["flip1"],"params":{"file":"qiniu:///z0/in/pulp.jsonlist"}},
 {"name":"flip1","type":"augment","preOps":["source"],"postOps":["result"],"params":{"condition":[{"label":"class.pulp","values":{"normal":3,"sexy":4}}],"ops":"flip"}},
 {"name":"result","type":"output","preOps":["flip1"],"postOps":[],"params":{"prefix":"qiniu:///z0/out/e4","file":"qiniu:///z0/out/e4.jsonlist"}}]})");
}

}  // namespace millrace::test

// What Node loads as tfjs_binding.node: it makes the process ready for TensorFlow, then loads the addon of tfjs-node-gpu
// itself (built unchanged, as LIBRARIES/tfjs_binding_core.node) and hands over to it.
//
// It is native code because of three things that JavaScript cannot do:
// - set environment variables of the process from a worker thread, which has only a copy of them;
// - keep TensorFlow from printing while its libraries are loaded, which is before it looks at TF_CPP_MIN_LOG_LEVEL;
// - load the CUDA libraries by their paths, so that TensorFlow finds them without LD_LIBRARY_PATH.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace {

using AddonInit = napi_value (*)(napi_env, napi_value);

std::mutex loading;
AddonInit addon_init = nullptr;

// The folder of TensorFlow's libraries; LIBRARIES is its path from this file's folder.
std::string LibrariesFolder() {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void*>(&LibrariesFolder), &self)) return "";
  const std::string path(self.dli_fname);
  return path.substr(0, path.rfind('/') + 1) + LIBRARIES;
}

// Holds back what is written to stderr. The little that fits into a pipe is kept, in case it explains a failure.
class HeldStderr {
 public:
  HeldStderr() {
    int ends[2];
    if (pipe(ends) != 0) return;
    for (int end : ends) fcntl(end, F_SETFL, O_NONBLOCK);
    saved_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    output_ = ends[0];
  }
  ~HeldStderr() {
    if (output_ >= 0) close(output_);
  }
  void Release(bool print) {
    if (output_ < 0) return;
    if (saved_ >= 0) {
      dup2(saved_, STDERR_FILENO);
      close(saved_);
    } else {
      close(STDERR_FILENO);  // There was none before.
    }
    char buffer[4096];
    ssize_t size;
    while (print && (size = read(output_, buffer, sizeof buffer)) > 0) {
      if (write(STDERR_FILENO, buffer, size) < 0) break;
    }
  }

 private:
  int saved_ = -1;
  int output_ = -1;
};

// Loads every CUDA library in the folder. They need each other, so those that fail are tried again after the others.
void LoadCudaLibraries(const std::string& folder) {
  std::vector<std::string> todo;
  if (DIR* directory = opendir(folder.c_str())) {
    while (dirent* entry = readdir(directory)) {
      const std::string name(entry->d_name);
      const bool is_cuda = name.compare(0, 3, "lib") == 0 && name.find(".so") != std::string::npos &&
                           name.compare(0, 13, "libtensorflow") != 0;
      // nvblas replaces the processor's BLAS and complains without a configuration file.
      if (is_cuda && name.find("nvblas") == std::string::npos) todo.push_back(folder + "/" + name);
    }
    closedir(directory);
  }
  for (bool progress = true; progress && !todo.empty();) {
    std::vector<std::string> failed;
    for (const std::string& path : todo) {
      if (!dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL)) failed.push_back(path);
    }
    progress = failed.size() < todo.size();
    todo.swap(failed);
  }
}

// Loads the addon once for all threads. Returns what went wrong, or "".
std::string LoadAddon() {
  const std::lock_guard<std::mutex> lock(loading);
  if (addon_init) return "";
  const bool quiet = getenv("TOKEN_GEOMETRY_TENSORFLOW_LOG") == nullptr;
  if (quiet) setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);
  setenv("TF_FORCE_GPU_ALLOW_GROWTH", "true", 0);
  // Ampere and newer cards would round factors to 10 bits, too coarse for distances between neighbors.
  setenv("NVIDIA_TF32_OVERRIDE", "0", 0);
  const std::string folder = LibrariesFolder();
  LoadCudaLibraries(folder);
  void* addon = nullptr;
  std::string problem;
  {
    HeldStderr* held = quiet ? new HeldStderr() : nullptr;
    addon = dlopen((folder + "/tfjs_binding_core.node").c_str(), RTLD_LAZY);
    if (!addon) problem = dlerror();
    if (held) held->Release(addon == nullptr);
    delete held;
  }
  if (!addon) return problem;
  addon_init = reinterpret_cast<AddonInit>(dlsym(addon, "napi_register_module_v1"));
  return addon_init ? "" : "the addon has no entry point napi_register_module_v1";
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::string problem = LoadAddon();
  if (problem.empty()) return addon_init(env, exports);
  napi_throw_error(env, nullptr, problem.c_str());
  return nullptr;
}

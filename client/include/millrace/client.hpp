#pragma once

/// All of the client library of the model registry.
#include <millrace/client/auth_manager.hpp>
#include <millrace/client/base_action.hpp>
#include <millrace/client/config.hpp>
#include <millrace/client/error.hpp>
#include <millrace/client/git_provider.hpp>
#include <millrace/client/models.hpp>
#include <millrace/client/projects.hpp>
#include <millrace/client/users.hpp>
#include <millrace/client/workspaces.hpp>

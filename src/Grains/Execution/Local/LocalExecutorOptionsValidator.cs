using Microsoft.Extensions.Options;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Execution.Local;

/// <inheritdoc/>
internal sealed class LocalExecutorOptionsValidator : IValidateOptions<LocalExecutorOptions>
{
    /// <summary>Ids below it are those of the system's own users.</summary>
    private const int FirstUser = 1000;

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LocalExecutorOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Concurrency is <= 0 or > 4096)
        {
            result.AddError("LocalExecutor:Concurrency must be from 1 to 4096.");
        }

        if (options.Spare is { } spare && (spare < 0 || spare >= options.Concurrency))
        {
            result.AddError("LocalExecutor:Spare must be from 0 to less than LocalExecutor:Concurrency.");
        }

        if (options.QueueLimit is < 0 or > 1_000_000)
        {
            result.AddError("LocalExecutor:QueueLimit must be from 0 to 1000000.");
        }

        if (options.DrainTime < TimeSpan.Zero || options.KillGrace < TimeSpan.Zero || options.DrainTime + options.KillGrace >= TimeSpan.FromHours(1))
        {
            result.AddError("LocalExecutor:DrainTime and LocalExecutor:KillGrace must not be negative, and less than an hour together.");
        }

        foreach (var variable in options.PassEnvironment.Where(variable => !RecipeEnvironment.MayBeSet(variable)))
        {
            result.AddError(
                $"LocalExecutor:PassEnvironment: `{variable}` is no name of a variable, or one that the server sets itself.");
        }

        ValidateLimits(options.Limits, result);
        ValidateCgroup(options.Cgroup, result);
        ValidateUsers(options.Users, result);
        ValidateSandbox(options, result);
        return result.Build();
    }

    private static void ValidateLimits(ScriptLimitOptions limits, ValidateOptionsResultBuilder result)
    {
        if (limits.FileSize is < 0 or (> 0 and < 1 << 20))
        {
            result.AddError("LocalExecutor:Limits:FileSize must be 0 for no limit, or a number of bytes from 1048576 on.");
        }

        if (limits.Data is < 0 or (> 0 and < 64 << 20))
        {
            result.AddError("LocalExecutor:Limits:Data must be 0 for no limit, or a number of bytes from 67108864 on.");
        }

        if (limits.Cpu < TimeSpan.FromSeconds(1))
        {
            result.AddError("LocalExecutor:Limits:Cpu must be at least a second.");
        }

        if (limits.Processes is < 0 or (> 0 and < 16))
        {
            result.AddError("LocalExecutor:Limits:Processes must be 0 for no limit, or a number from 16 on.");
        }
    }

    private static void ValidateCgroup(CgroupOptions cgroup, ValidateOptionsResultBuilder result)
    {
        if (cgroup.Memory is < 0 or (> 0 and < 16 << 20))
        {
            result.AddError("LocalExecutor:Cgroup:Memory must be 0 for no limit, or a number of bytes from 16777216 on.");
        }

        if (cgroup.Processes is < 0 or (> 0 and < 8))
        {
            result.AddError("LocalExecutor:Cgroup:Processes must be 0 for no limit, or a number from 8 on.");
        }

        if (!(cgroup.Cpu is 0 or (>= 0.01 and <= 4096)))
        {
            result.AddError("LocalExecutor:Cgroup:Cpu must be 0 for no limit, or a number of processors from 0.01 to 4096.");
        }

        if (cgroup.Folder is { } folder && !Path.IsPathFullyQualified(folder))
        {
            result.AddError("LocalExecutor:Cgroup:Folder must be an absolute path.");
        }

        if (cgroup.Folder is null && (cgroup.Memory != 0 || cgroup.Processes != 0 || cgroup.Cpu != 0))
        {
            result.AddError("LocalExecutor:Cgroup:Memory, Processes and Cpu count only with LocalExecutor:Cgroup:Folder: set it as well.");
        }
    }

    private static void ValidateUsers(Dictionary<string, int> users, ValidateOptionsResultBuilder result)
    {
        var customers = new Dictionary<int, string>();
        foreach (var (customer, user) in users)
        {
            if (!CustomerName.IsValid(customer))
            {
                result.AddError($"LocalExecutor:Users:{customer}: there can be no customer of that name.");
            }

            if (user < FirstUser || user is 65534 or 65535)
            {
                result.AddError($"LocalExecutor:Users:{customer} must be the id of a user from {FirstUser} on, and not that of nobody.");
            }
            else if (!customers.TryAdd(user, customer))
            {
                result.AddError($"LocalExecutor:Users:{customer} is the user of {customers[user]} already: each customer needs one of its own.");
            }
        }
    }

    private static void ValidateSandbox(LocalExecutorOptions options, ValidateOptionsResultBuilder result)
    {
        if (!Enum.IsDefined(options.Sandbox))
        {
            result.AddError($"LocalExecutor:Sandbox must be {string.Join(" or ", Enum.GetNames<ScriptSandbox>())}.");
        }

        if (options.Sandbox == ScriptSandbox.None && (!options.SandboxNetwork || options.SandboxPaths.Count > 0))
        {
            result.AddError(
                "LocalExecutor:SandboxNetwork and LocalExecutor:SandboxPaths count only with LocalExecutor:Sandbox=bubblewrap: set it as well.");
        }

        foreach (var path in options.SandboxPaths.Where(path => !Path.IsPathFullyQualified(path)))
        {
            result.AddError($"LocalExecutor:SandboxPaths: `{path}` is no absolute path.");
        }
    }
}

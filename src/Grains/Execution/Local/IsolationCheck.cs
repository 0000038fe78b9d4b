using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using SyncCluster.Scripts;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Before anything else starts, runs a script as the configuration has it, if that asks for users, a sandbox or control groups. A server that can't
/// keep scripts apart as it is told to does not start.
/// </summary>
internal sealed class IsolationCheck(ScriptRunner scripts, IOptions<LocalExecutorOptions> options) : IHostedLifecycleService
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">Scripts can't be run as configured.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var (users, sandbox) = (options.Value.Users, options.Value.Sandbox);
        var hasCgroups = options.Value.Cgroup.Folder is not null;
        if (users.Count == 0 && sandbox == ScriptSandbox.None && !hasCgroups)
        {
            return;
        }

        if (!OperatingSystem.IsLinux())
        {
            throw Refuse("LocalExecutor:Users, LocalExecutor:Sandbox and LocalExecutor:Cgroup need Linux.");
        }

        if (users.Count > 0)
        {
            RequireRights(users);
        }
        else if (sandbox != ScriptSandbox.None && NativeMethods.UserId == 0)
        {
            // Root may write to the kernel's settings below /proc/sys, and needs no capability for it.
            throw Refuse(
                "a server that is root can't confine scripts by LocalExecutor:Sandbox alone: start it as another user, or set LocalExecutor:Users "
                + "as well.");
        }

        try
        {
            scripts.RequireCgroups();
        }
        catch (IOException fault)
        {
            throw Refuse($"jobs can't have control groups as LocalExecutor:Cgroup has it: {fault.Message}");
        }

        var run = await scripts.RunAsync(Trial(users.Values.Select(user => (int?)user).FirstOrDefault()), cancellationToken);
        if (run is not { End: ScriptEnd.Exited, Code: 0 } && !cancellationToken.IsCancellationRequested)
        {
            throw Refuse(
                $"scripts can't be run with {Asked(users.Count > 0, sandbox, hasCgroups)}, as is configured: {run.Fault ?? run.Log.Trim()} "
                + "(docs/operations.md says under \"Keeping scripts apart\" what it needs.)");
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [SupportedOSPlatform("linux")]
    private static void RequireRights(Dictionary<string, int> users)
    {
        if (Capabilities.MissingForUsers() is { Count: > 0 } missing)
        {
            throw Refuse(
                "LocalExecutor:Users needs a server that is started as root, or with the ambient capabilities CHOWN, DAC_OVERRIDE, KILL, SETGID, "
                + $"SETUID and SYS_PTRACE; this one lacks {string.Join(", ", missing)}.");
        }

        if (users.FirstOrDefault(user => user.Value == NativeMethods.UserId) is { Key: { } customer })
        {
            throw Refuse($"LocalExecutor:Users:{customer} is the server's own user: choose another.");
        }
    }

    private static ScriptCommand Trial(int? user) => new()
    {
        JobId = "trial",
        Runas = "sh %script%",
        Filename = "trial.sh",
        Script = Encoding.ASCII.GetBytes("test -r \"$0\" && : >\"$HOME/trial\""),
        Arguments = [],
        Environment = new Dictionary<string, string>(),
        Timeout = Limit,
        User = user,
    };

    private static string Asked(bool hasUsers, ScriptSandbox sandbox, bool hasCgroups)
    {
        string[] asked =
        [
            .. hasUsers ? (string[])["LocalExecutor:Users"] : [],
            .. sandbox != ScriptSandbox.None ? (string[])["LocalExecutor:Sandbox"] : [],
            .. hasCgroups ? (string[])["LocalExecutor:Cgroup"] : [],
        ];
        return string.Join(" and ", asked);
    }

    private static OptionsValidationException Refuse(string why) => new(LocalExecutorOptions.Section, typeof(LocalExecutorOptions), [why]);
}

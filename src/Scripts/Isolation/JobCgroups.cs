using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Isolation;

/// <summary>
/// The control groups (cgroup v2) of a runner's jobs: one for each run, all in one of the runner. No process can leave the group of its run, so that
/// all of them have the limits together, and end with the run. It needs Linux 5.14.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class JobCgroups
{
    /// <summary>A file to which a process writes 0 to enter the group.</summary>
    public const string Entrance = "cgroup.procs";

    private const string KillFile = "cgroup.kill";
    private const string ControllersFile = "cgroup.controllers";
    private const string EnabledFile = "cgroup.subtree_control";

    private static readonly string[] Useful = ["memory", "pids", "cpu"];
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RemovalPause = TimeSpan.FromMilliseconds(10);

    private readonly JobCgroup _options;
    private readonly TimeProvider _time;
    private readonly Lazy<string> _root;

    /// <param name="options">Where the groups are, and the limits.</param>
    /// <param name="runner">The runner.</param>
    /// <param name="time">The clock of pauses.</param>
    public JobCgroups(JobCgroup options, Guid runner, TimeProvider time)
    {
        (_options, _time) = (options, time);

        // A failure is not kept: the next run tries again.
        _root = new(() => CreateRoot(runner), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>The group of the runner; null if it was never needed.</summary>
    public string? Root => _root.IsValueCreated ? _root.Value : null;

    /// <summary>Makes sure that there can be groups.</summary>
    /// <exception cref="IOException">There can't. The message says why.</exception>
    public void Prepare() => _ = _root.Value;

    /// <summary>Creates the group of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="task">The limits of its task, which count where they are lower than the server's.</param>
    /// <exception cref="IOException">It could not be created, or has not all limits.</exception>
    public string Create(Guid run, JobLimits? task)
    {
        var group = Path.Combine(_root.Value, run.ToString("N"));
        var limits = _options.Limits.LoweredBy(task);
        try
        {
            Directory.CreateDirectory(group);
            foreach (var (file, content) in limits.Files)
            {
                File.WriteAllText(Path.Combine(group, file), content);
            }

            // Otherwise a job would swap where it may have no more memory.
            if (limits.Memory is not null && File.Exists(Path.Combine(group, "memory.swap.max")))
            {
                File.WriteAllText(Path.Combine(group, "memory.swap.max"), "0");
            }

            return group;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryRemove(group);
            throw new IOException("The control group of a job could not be made.", e);
        }
    }

    /// <summary>Kills what is in a group, whatever its user.</summary>
    /// <exception cref="IOException">It could not be killed.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not be killed.</exception>
    public static void Kill(string group) => File.WriteAllText(Path.Combine(group, KillFile), "1");

    /// <summary>Removes a group once the processes that were killed in it have ended. False: they have not in time, or it can't be removed.</summary>
    public async Task<bool> RemoveAsync(string group)
    {
        for (var begun = _time.GetTimestamp(); !TryRemove(group);)
        {
            if (_time.GetElapsedTime(begun) > RemovalTime)
            {
                return false;
            }

            await Task.Delay(RemovalPause, _time);
        }

        return true;
    }

    private static bool TryRemove(string group)
    {
        try
        {
            Directory.Delete(group);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string CreateRoot(Guid runner)
    {
        var folder = _options.Folder;
        if (!File.Exists(Path.Combine(folder, ControllersFile)))
        {
            throw new IOException($"{folder} is no control group of cgroup v2: it has no {ControllersFile}.");
        }

        var available = File.ReadAllText(Path.Combine(folder, ControllersFile)).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (_options.Limits.Controllers.Except(available).ToArray() is { Length: > 0 } missing)
        {
            throw new IOException(
                $"the control group {folder} does not have {string.Join(", ", missing)}: have its parent pass it on ({EnabledFile}; with systemd, "
                + "Delegate=yes).");
        }

        try
        {
            var root = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"synccluster-{Environment.ProcessId}-{runner:N}"));
            var enable = string.Join(' ', Useful.Intersect(available).Select(controller => "+" + controller));
            Enable(folder, enable);
            Directory.CreateDirectory(root);
            Enable(root, enable);
            return root;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"no control groups can be made in {folder}: {e.Message} It must belong to the server's user, and hold no process itself "
                + "(with systemd, DelegateSubgroup=).",
                e);
        }
    }

    private static void Enable(string group, string controllers)
    {
        if (controllers.Length > 0)
        {
            File.WriteAllText(Path.Combine(group, EnabledFile), controllers);
        }
    }
}

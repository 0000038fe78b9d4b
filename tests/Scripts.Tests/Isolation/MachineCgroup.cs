using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>A control group of this machine for one test, without processes. It is removed with those below it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MachineCgroup : IDisposable
{
    public MachineCgroup() => Directory.CreateDirectory(Folder);

    /// <summary>Where cgroup v2 is mounted; null if it is nowhere.</summary>
    public static string? Mount { get; } =
        File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).FirstOrDefault(mount => mount[2] == "cgroup2")?[1];

    /// <summary>Why this machine can't make one; null if it can.</summary>
    public static string? SkipReason { get; } = Refusal();

    public string Folder { get; } = Path.Combine(Mount!, $"synccluster-test-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        File.WriteAllText(Path.Combine(Folder, "cgroup.kill"), "1");
        Assert.True(SpinWait.SpinUntil(TryRemove, TimeSpan.FromMinutes(1)), $"{Folder} could not be removed.");
    }

    private bool TryRemove()
    {
        try
        {
            foreach (var inner in Directory.GetDirectories(Folder, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length))
            {
                Directory.Delete(inner);
            }

            Directory.Delete(Folder);
            return true;
        }
        catch (IOException)
        {
            // A process that was killed has not ended yet.
            return false;
        }
    }

    private static string? Refusal()
    {
        if (Mount is null)
        {
            return "This machine has no cgroup v2.";
        }

        try
        {
            var trial = Directory.CreateDirectory(Path.Combine(Mount, $"synccluster-test-{Guid.NewGuid():N}"));
            var hasKill = File.Exists(Path.Combine(trial.FullName, "cgroup.kill"));
            trial.Delete();
            return hasKill ? null : "This kernel is older than 5.14.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "This process may not make control groups: " + e.Message;
        }
    }
}

/// <summary>A test of control groups of this machine, with scripts that run as other users if it needs them.</summary>
[SupportedOSPlatform("linux")]
internal sealed class CgroupFactAttribute : FactAttribute
{
    public CgroupFactAttribute(bool needsUsers = false) => Skip = MachineCgroup.SkipReason ?? (needsUsers ? UsersFactAttribute.SkipReason : null);
}

/// <inheritdoc cref="CgroupFactAttribute"/>
[SupportedOSPlatform("linux")]
internal sealed class CgroupTheoryAttribute : TheoryAttribute
{
    public CgroupTheoryAttribute() => Skip = MachineCgroup.SkipReason;
}

/// <summary>A test of a limit that the kernel keeps: skipped where its memory is not counted by cgroup v2, but by v1.</summary>
[SupportedOSPlatform("linux")]
internal sealed class CgroupMemoryFactAttribute : FactAttribute
{
    public CgroupMemoryFactAttribute() => Skip = MachineCgroup.SkipReason
        ?? (File.ReadAllText(Path.Combine(MachineCgroup.Mount!, "cgroup.subtree_control")).Contains("memory", StringComparison.Ordinal)
            ? null
            : "This machine's cgroup v2 does not count memory.");
}

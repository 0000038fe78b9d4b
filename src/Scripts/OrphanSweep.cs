using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Kills processes that have left the process group of their run (a daemon, a <c>setsid</c>): those that carry this runner's marker in their
/// environment and whose run is over. It searches <c>/proc</c> a second after a run has ended, once for all runs that ended in that second.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OrphanSweep(Guid runner, Func<Guid, bool> isActive, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _disposed = new();
    private int _requested;

    /// <summary>Schedules a search: a run has ended.</summary>
    public void Request()
    {
        if (Interlocked.Exchange(ref _requested, 1) == 0)
        {
            DetachedWork.Start(SweepSoonAsync);
        }
    }

    /// <summary>Kills the processes that are found now, and returns their number.</summary>
    public int Sweep()
    {
        var killed = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && RunMarker.Find(EnvironmentOf(folder), runner) is { } run
                && !isActive(run)
                && NativeMethods.KillWithGroup(process))
            {
                // Its group is killed with it: what it has started need not carry the marker.
                killed++;
            }
        }

        return killed;
    }

    public void Dispose() => _disposed.Cancel();

    private static byte[] EnvironmentOf(string folder)
    {
        var path = folder + "/environ";
        try
        {
            return NativeMethods.MayRead(path) ? File.ReadAllBytes(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private async Task SweepSoonAsync()
    {
        await Task.Delay(Interval, time, _disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_disposed.IsCancellationRequested)
        {
            return;
        }

        Volatile.Write(ref _requested, 0);
        if (Sweep() > 0)
        {
            // A process that was forking at that moment may have been missed.
            Request();
        }
    }
}

using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Kills what has escaped from its run's process group (a daemon, a <c>setsid</c>): processes that carry this runner's marker in their environment and
/// whose run is over. Looks through <c>/proc</c> a second after a run has ended, once for all that ended until then, and never when nothing did.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OrphanSweep(Guid runner, Func<Guid, bool> isActive, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _disposed = new();
    private int _requested;

    /// <summary>A run has ended: look for what it left behind.</summary>
    public void Request()
    {
        if (Interlocked.Exchange(ref _requested, 1) == 0)
        {
            _ = SweepSoonAsync();
        }
    }

    /// <summary>Kills what is there now and says how many that were.</summary>
    public int Sweep()
    {
        var killed = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && RunMarker.RunIn(Environment(folder), runner) is { } run
                && !isActive(run)
                && NativeMethods.KillWithGroup(process))
            {
                // With what it started, which need not carry the marker.
                killed++;
            }
        }

        return killed;
    }

    public void Dispose() => _disposed.Cancel();

    private static byte[] Environment(string folder)
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
            // Whatever was forking at that moment may have got away.
            Request();
        }
    }
}

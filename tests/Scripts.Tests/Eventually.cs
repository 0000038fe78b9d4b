using System.Diagnostics;

namespace SyncCluster.Scripts.Tests;

/// <summary>Waits for something that another process does.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task Async(Func<bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < Limit, "The condition was not met in time.");
            await timer.WaitForNextTickAsync();
        }
    }
}

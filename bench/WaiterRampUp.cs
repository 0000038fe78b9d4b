using System.Diagnostics;
using System.Globalization;
using SyncCluster.Bench.Children;

namespace SyncCluster.Bench;

/// <summary>Lets load generators open requests that wait, no faster than the servers accept them.</summary>
internal static class WaiterRampUp
{
    // So many may be under way at most: a gateway gives each a few seconds to store its job.
    private const int Step = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Opens requests until so many more wait.</summary>
    /// <param name="clients">The load generators, each of which opens the same share.</param>
    /// <param name="requests">The request of each load generator: a method and an address.</param>
    /// <param name="count">How many requests together.</param>
    /// <param name="waiting">Tells how many wait.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <exception cref="InvalidOperationException">They do not wait after two minutes, or were answered.</exception>
    public static async Task OpenAsync(
        IReadOnlyList<ChildServer> clients, IReadOnlyList<string> requests, int count, Func<Task<int>> waiting, CancellationToken stop)
    {
        var before = await waiting();
        for (var opened = 0; opened < count;)
        {
            for (var client = 0; client < clients.Count; client++)
            {
                var more = Math.Min(Step, count - opened);
                if (more > 0)
                {
                    await clients[client].AskAsync($"open {more} {requests[client]}", stop);
                    opened += more;
                }
            }

            await UntilAsync(async () => await waiting() >= before + opened - Step, clients, $"{opened} requests wait", stop);
        }

        await UntilAsync(async () => await waiting() >= before + count, clients, $"{count} requests wait", stop);
        await RequireAllWaitAsync(clients, stop);
    }

    /// <summary>Checks that no request was answered.</summary>
    /// <exception cref="InvalidOperationException">Some were.</exception>
    public static async Task RequireAllWaitAsync(IReadOnlyList<ChildServer> clients, CancellationToken stop)
    {
        foreach (var client in clients)
        {
            if (await client.AskAsync("ended", stop) is var ended && ended != "0")
            {
                throw new InvalidOperationException($"Requests have ended that should wait: {ended}");
            }
        }
    }

    /// <summary>How many completions a child of the benchmark holds.</summary>
    public static async Task<int> CountHeldAsync(ChildServer child, CancellationToken stop) =>
        int.Parse(await child.AskAsync("count", stop), CultureInfo.InvariantCulture);

    private static async Task UntilAsync(Func<Task<bool>> condition, IReadOnlyList<ChildServer> clients, string what, CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Limit)
            {
                await RequireAllWaitAsync(clients, stop);
                throw new InvalidOperationException($"Not reached within {Limit.TotalMinutes:0} min: {what}.");
            }

            await Task.Delay(Pause, stop);
        }
    }
}

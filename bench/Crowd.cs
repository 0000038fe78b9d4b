using System.Diagnostics;
using System.Globalization;

namespace SyncCluster.Bench;

/// <summary>Has load generators open requests that wait, no faster than they come to wait.</summary>
internal static class Crowd
{
    // Some of them are on their way at most: a gateway gives each some seconds to get its job stored.
    private const int Step = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Until so many more wait.</summary>
    /// <param name="clients">The load generators; each opens the same share.</param>
    /// <param name="requests">What each opens: a method and an address.</param>
    /// <param name="count">How many together.</param>
    /// <param name="waiting">How many wait.</param>
    /// <param name="stop">Canceled when the user has had enough.</param>
    /// <exception cref="InvalidOperationException">They did not come to wait, or were answered.</exception>
    public static async Task OpenAsync(
        IReadOnlyList<Server> clients, IReadOnlyList<string> requests, int count, Func<Task<int>> waiting, CancellationToken stop)
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

            await UntilAsync(async () => await waiting() >= before + opened - Step, clients, $"{opened} to wait", stop);
        }

        await UntilAsync(async () => await waiting() >= before + count, clients, $"{count} to wait", stop);
        await RequireAllWaitAsync(clients, stop);
    }

    /// <exception cref="InvalidOperationException">Some were answered.</exception>
    public static async Task RequireAllWaitAsync(IReadOnlyList<Server> clients, CancellationToken stop)
    {
        foreach (var client in clients)
        {
            if (await client.AskAsync("ended", stop) is var ended && ended != "0")
            {
                throw new InvalidOperationException($"Requests ended that were to wait: {ended}");
            }
        }
    }

    /// <summary>How many a child of the benchmark holds.</summary>
    public static async Task<int> HeldAsync(Server child, CancellationToken stop) =>
        int.Parse(await child.AskAsync("count", stop), CultureInfo.InvariantCulture);

    private static async Task UntilAsync(Func<Task<bool>> condition, IReadOnlyList<Server> clients, string what, CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begun) > Limit)
            {
                await RequireAllWaitAsync(clients, stop);
                throw new InvalidOperationException($"Waited in vain for {what}.");
            }

            await Task.Delay(Pause, stop);
        }
    }
}

using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A fault of a shared cluster, and the account of what came of each call.</summary>
public abstract class Scenario(ProcessCluster cluster, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(90);

    private readonly long _begun = Stopwatch.GetTimestamp();
    private bool _settled;

    private protected Random Random { get; private set; } = null!;

    private protected abstract IReadOnlyCollection<Call> Calls { get; }

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing is not null)
        {
            return;
        }

        await cluster.RestoreAsync();
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_SEED"), out var given) ? given : Random.Shared.Next();
        Random = new(seed);
        Print($"Seed {seed} (SYNCCLUSTER_SEED sets it).");
    }

    public async Task DisposeAsync()
    {
        if (ClusterFactAttribute.Missing is not null)
        {
            return;
        }

        await EndAsync();
        if (!_settled || Environment.GetEnvironmentVariable("SYNCCLUSTER_LOGS") is not null)
        {
            foreach (var call in Calls.Where(call => call.IsOpen))
            {
                call.HangUp();
            }

            var logs = Directory.CreateTempSubdirectory("synccluster-chaos-log-").FullName;
            Print($"The servers' logs are in {logs}, with the time since the scenario's begin.");
            foreach (var server in cluster.Servers)
            {
                await File.WriteAllLinesAsync(
                    Path.Combine(logs, server.Name.Replace(' ', '-')), server.Lines.Select(line => $"{Stopwatch.GetElapsedTime(_begun, line.At).TotalSeconds:F1} {line.Text}"));
            }
        }

        Print("Done.");
    }

    /// <summary>Lets go what the scenario holds.</summary>
    private protected abstract Task EndAsync();

    private protected void Print(string text) => output.WriteLine($"{Stopwatch.GetElapsedTime(_begun).TotalSeconds,6:F1} s  {text}");

    private protected Server AnyGateway() => cluster.Gateways[Random.Next(cluster.Gateways.Count)];

    private protected Server AnySilo() => cluster.Silos[Random.Next(cluster.Silos.Count)];

    private protected static Task AnsweredAsync(IEnumerable<Call> calls, string which) =>
        Until.TrueAsync(() => calls.All(call => !call.IsOpen), $"{which} are answered");

    /// <summary>Waits for all answers and settles the account.</summary>
    /// <param name="settle">Fails where anything is neither right nor allowed.</param>
    /// <param name="about">What is known of a call that has no answer.</param>
    private protected async Task SettleAsync(Action settle, Func<Call, string> about)
    {
        try
        {
            await Task.WhenAll(Calls.Select(call => call.Answer)).WaitAsync(AnswerLimit);
        }
        catch (TimeoutException)
        {
            var open = Calls.Where(call => call.IsOpen).ToArray();
            Assert.Fail($"{open.Length} calls have no answer:\n{string.Join('\n', open.Take(20).Select(
                call => $"{call.Id} since {Stopwatch.GetElapsedTime(call.Begun).TotalSeconds:F1} s, {about(call)}"))}");
        }

        settle();
        _settled = true;
    }
}

using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A fault of a shared cluster, and the audit of every call that was made during it.</summary>
public abstract class Scenario(ClusterFixture cluster, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(90);

    private readonly long _begun = Stopwatch.GetTimestamp();
    private bool _passed;

    private protected Random Random { get; private set; } = null!;

    private protected abstract IReadOnlyCollection<Call> Calls { get; }

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is not null)
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
        if (ClusterFactAttribute.SkipReason is not null)
        {
            return;
        }

        await CleanUpAsync();
        if (!_passed || Environment.GetEnvironmentVariable("SYNCCLUSTER_LOGS") is not null)
        {
            foreach (var call in Calls.Where(call => call.IsOpen))
            {
                call.Disconnect();
            }

            var logs = Directory.CreateTempSubdirectory("synccluster-logs-").FullName;
            Print($"The servers' logs are in {logs}, with the time since the begin of the scenario.");
            foreach (var server in cluster.Servers)
            {
                await File.WriteAllLinesAsync(
                    Path.Combine(logs, server.Name.Replace(' ', '-')), server.Lines.Select(line => $"{Stopwatch.GetElapsedTime(_begun, line.At).TotalSeconds:F1} {line.Text}"));
            }
        }

        Print("Done.");
    }

    /// <summary>Releases what the scenario holds, also after a failure.</summary>
    private protected abstract Task CleanUpAsync();

    private protected void Print(string text) => output.WriteLine($"{Stopwatch.GetElapsedTime(_begun).TotalSeconds,6:F1} s  {text}");

    private protected Server RandomGateway() => cluster.Gateways[Random.Next(cluster.Gateways.Count)];

    private protected Server RandomSilo() => cluster.Silos[Random.Next(cluster.Silos.Count)];

    private protected static Task AnsweredAsync(IEnumerable<Call> calls, string description) =>
        Eventually.TrueAsync(() => calls.All(call => !call.IsOpen), $"{description} are answered");

    /// <summary>Waits for all answers and audits them.</summary>
    /// <param name="audit">Fails the test where an answer is neither right nor allowed.</param>
    /// <param name="describe">What is known of a call that has no answer.</param>
    private protected async Task AuditAsync(Action audit, Func<Call, string> describe)
    {
        try
        {
            await Task.WhenAll(Calls.Select(call => call.Answer)).WaitAsync(AnswerLimit);
        }
        catch (TimeoutException)
        {
            var open = Calls.Where(call => call.IsOpen).ToArray();
            Assert.Fail($"{open.Length} calls have no answer:\n{string.Join('\n', open.Take(20).Select(
                call => $"{call.Id} since {Stopwatch.GetElapsedTime(call.Begun).TotalSeconds:F1} s, {describe(call)}"))}");
        }

        audit();
        Pass();
    }

    /// <summary>The scenario ends as it should, so nobody needs the servers' logs.</summary>
    private protected void Pass() => _passed = true;
}

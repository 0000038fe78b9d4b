using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Scenarios;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>A fault of the cluster in front of TheEye, or of TheEye itself.</summary>
[Collection(SharedTheEyeCluster.Name)]
public abstract class TheEyeScenario(TheEyeCluster cluster, ITestOutputHelper output) : Scenario(cluster, output)
{
    private readonly ITestOutputHelper _output = output;
    private readonly List<FaultGate> _gates = [];
    private readonly TaskCompletionSource _jobsMayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TheEyeCallAudit? _audit = ClusterFactAttribute.SkipReason is null ? new(cluster) : null;

    private protected TheEyeCluster Cluster => cluster;

    private protected TheEyeServer TheEye => cluster.TheEye;

    private protected TheEyeClients Clients { get; } = new(cluster);

    private protected override IReadOnlyCollection<Call> Calls => Clients.All;

    private protected override Task CleanUpAsync()
    {
        LetJobsEnd();
        foreach (var gate in _gates)
        {
            gate.Open();
        }

        TheEye.Faults.Clear();
        return Task.CompletedTask;
    }

    /// <summary>Completes with <see cref="LetJobsEnd"/>; runs of a task may wait for it.</summary>
    private protected Task JobsMayEndAsync() => _jobsMayEnd.Task;

    private protected void LetJobsEnd() => _jobsMayEnd.TrySetResult();

    /// <summary>Holds the next requests of a step until the gate is opened, at the end of the scenario at the latest.</summary>
    private protected FaultGate Hold(Step step, FaultGate gate, int times, string? id = null)
    {
        _gates.Add(gate);
        TheEye.Faults.Next(step, gate, times, id);
        return gate;
    }

    private protected Task ArrivedAsync(FaultGate gate, int count) =>
        Eventually.TrueAsync(() => gate.Arrivals >= count, $"{count} requests have arrived at the gate");

    private protected IReadOnlyList<Call> CallAll(int count, TheEyeTask task) =>
        [.. Enumerable.Range(0, count).Select(number => Clients.Call(cluster.Gateways[number % cluster.Gateways.Count], task))];

    private protected IReadOnlyList<JobSnapshot> JobsOf(TheEyeTask task) => [.. TheEye.Jobs.Where(job => job.Task.Id == task.Id)];

    /// <summary>The silo that holds most of the active jobs.</summary>
    private protected async Task<Server> BusiestSiloAsync()
    {
        var counts = new List<(Server Silo, int Jobs)>();
        foreach (var silo in cluster.Silos)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/jobs?limit=10000");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TheEyeCluster.OperatorToken);
            using var response = await silo.Http.SendAsync(request);
            counts.Add((silo, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray().Count));
        }

        var (most, jobs) = counts.MaxBy(count => count.Jobs);
        Print($"{string.Join(", ", counts.Select(count => $"{count.Silo.Name} has {count.Jobs} jobs"))}.");
        Assert.NotEqual(0, jobs);
        return most;
    }

    private protected void Kill(Server server)
    {
        server.Kill();
        Print($"Killed {server.Name}.");
    }

    /// <summary>Waits for all answers and audits them.</summary>
    /// <param name="allowed">The outcomes that are allowed beside the right answer.</param>
    /// <param name="then">Checks more.</param>
    private protected Task AuditAsync(Outcome allowed = Outcome.None, Action? then = null) => AuditAsync(
        () =>
        {
            _audit!.Check(Clients, allowed, _output);
            then?.Invoke();
        },
        call => string.Join(", ", TheEyeCallAudit.JobsOf(cluster)[call.Id].Select(job => $"its job {job.Id} is {job.Lifecycle} and has run {job.Runs} times")));
}

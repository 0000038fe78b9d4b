using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.Cluster.Tests.Scenarios;
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
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TheEyeAccount? _account = ClusterFactAttribute.Missing is null ? new(cluster) : null;

    private protected TheEyeCluster Cluster => cluster;

    private protected TheEyeServer TheEye => cluster.TheEye;

    private protected TheEyeClients Clients { get; } = new(cluster);

    private protected override IReadOnlyCollection<Call> Calls => Clients.All;

    private protected override Task EndAsync()
    {
        LetJobsEnd();
        foreach (var gate in _gates)
        {
            gate.Open();
        }

        TheEye.Faults.Clear();
        return Task.CompletedTask;
    }

    /// <summary>What a task's runs wait for, until <see cref="LetJobsEnd"/>.</summary>
    private protected Task HeldAsync() => _held.Task;

    private protected void LetJobsEnd() => _held.TrySetResult();

    /// <summary>Holds the next requests of a step, at the latest until the scenario ends.</summary>
    private protected FaultGate Hold(Step step, FaultGate gate, int times, string? id = null)
    {
        _gates.Add(gate);
        TheEye.Faults.Next(step, gate, times, id);
        return gate;
    }

    private protected Task ArrivedAsync(FaultGate gate, int count) =>
        Until.TrueAsync(() => gate.Arrivals >= count, $"{count} requests have come to the gate");

    private protected IReadOnlyList<Call> CallAll(int count, TheEyeTask task) =>
        [.. Enumerable.Range(0, count).Select(number => Clients.Call(cluster.Gateways[number % cluster.Gateways.Count], task))];

    private protected IReadOnlyList<JobSnapshot> JobsOf(TheEyeTask task) => [.. TheEye.Jobs.Where(job => job.Task.Id == task.Id)];

    /// <summary>The silo that has most of the jobs that no silo has ended.</summary>
    private protected async Task<Server> HolderAsync()
    {
        var holders = new List<(Server Silo, int Jobs)>();
        foreach (var silo in cluster.Silos)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/jobs?limit=10000");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TheEyeCluster.OperatorToken);
            using var response = await silo.Http.SendAsync(request);
            holders.Add((silo, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsArray().Count));
        }

        var (most, jobs) = holders.MaxBy(holder => holder.Jobs);
        Print($"{string.Join(", ", holders.Select(holder => $"{holder.Silo.Name} has {holder.Jobs} jobs"))}.");
        Assert.NotEqual(0, jobs);
        return most;
    }

    private protected void Kill(Server server)
    {
        server.Kill();
        Print($"Killed {server.Name}.");
    }

    /// <summary>Waits for all answers and settles the account.</summary>
    /// <param name="allowed">What may have come of a call beside the right answer.</param>
    /// <param name="then">What must hold besides.</param>
    private protected Task SettleAsync(Outcome allowed = Outcome.None, Action? then = null) => SettleAsync(
        () =>
        {
            _account!.Settle(Clients, allowed, _output);
            then?.Invoke();
        },
        call => string.Join(", ", TheEyeAccount.JobsOf(cluster)[call.Id].Select(job => $"its job {job.Id} is {job.Lifecycle} and has run {job.Runs} times")));
}

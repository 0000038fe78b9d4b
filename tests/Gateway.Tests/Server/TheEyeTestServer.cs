using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Backends.TheEye;
using SyncCluster.Hosting;
using SyncCluster.TheEye;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>
/// The server of <see cref="TestServer"/>, with the same users and tasks, in front of TheEye: what a task does when it is called is the same, only
/// another runs it.
/// </summary>
public class TheEyeTestServer : FrontServer
{
    private readonly ScriptAgent _agent = new();

    protected override TheEyeOptions Options => new() { Agent = _agent.RunAsync, Agents = Agents };

    /// <summary>How many scripts run at once.</summary>
    protected virtual int Agents => int.MaxValue;

    protected override string[] Settings =>
        [.. base.Settings, "--TheEye:ServiceTokens:acme=service-token", $"--TheEye:ServiceTokens:globex={Stranger}"];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        AddUser("service-token", "sync", "admin");
        AddUser("agent-token", "agnes", "agent");
        AddUser("manager-token", "max", "manager");
        AddUser("integration-token", "ines", "integration");
        AddUser("owner-token", "olga", "owner");
        AddUser("root-token", "rita", "root");
        TheEye.AddUser(Ops, new TheEyeUser
        {
            Username = "otto",
            Email = "otto@acme.example",
            Roles = ["team:ops"],
            Customer = "acme",
            CustomerId = CustomerId,
        });
    }

    public override async Task DisposeAsync()
    {
        // Before the folder that its scripts write to is deleted.
        _agent.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>Has TheEye know the task; its jobs are kept, as of a task of the local executor.</summary>
    public override Task<JsonNode> ImportRecipeAsync(string recipe)
    {
        var secret = Secret.New();
        var id = AddTask(ScriptAgent.TaskOf(new TheEyeTask().Id, recipe) with { Secret = secret, AutoremoveCompletedJobs = false });
        return Task.FromResult<JsonNode>(new JsonObject { ["id"] = id, ["secret"] = secret });
    }
}

/// <summary>One server in front of TheEye for all tests that do not change how it is set up.</summary>
[CollectionDefinition(Name)]
public sealed class SharedTheEyeServer : ICollectionFixture<TheEyeTestServer>
{
    public const string Name = "server in front of TheEye";
}

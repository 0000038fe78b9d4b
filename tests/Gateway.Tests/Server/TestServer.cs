using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Storage;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Jobs.Retention;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>The real server on a free port of the loopback, with users of every kind for the customer acme.</summary>
public class TestServer : IAsyncLifetime
{
    public const string Viewer = "viewer-token";
    public const string User = "user-token";
    public const string Ops = "ops-token";
    public const string Admin = "admin-token";
    public const string Expired = "expired-token";
    public const string Stranger = "stranger-token";

    private WebApplication? _app;

    /// <summary>It is a client like any other: a server in this process that traces does not trace it.</summary>
    public HttpClient Http { get; } =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, ActivityHeadersPropagator = null }) { Timeout = TimeSpan.FromMinutes(2) };

    public string Folder { get; } = Directory.CreateTempSubdirectory("synccluster-test-").FullName;

    internal WaiterHub Hub => _app!.Services.GetRequiredService<WaiterHub>();

    internal DemoMode Demo => _app!.Services.GetRequiredService<DemoMode>();

    internal WebApplication App => _app!;

    internal JobRetention Retention => Silo.GetServices<IHostedService>().OfType<JobRetention>().Single();

    /// <summary>The services of a silo that has the jobs.</summary>
    protected virtual IServiceProvider Silo => App.Services;

    protected virtual string[] Settings => [];

    protected virtual bool HasUsers => true;

    /// <summary>What is to be done with the application before it starts.</summary>
    protected virtual void Prepare(WebApplication app)
    {
    }

    public virtual async Task InitializeAsync()
    {
        _app = Program.Build(
        [
            "--urls=http://127.0.0.1:0",
            "--Logging:LogLevel:Default=Warning",
            .. HasUsers ? Users() : [],
            .. Settings,
        ]);
        Prepare(_app);
        await _app.StartAsync();
        Http.BaseAddress = new Uri(_app.Urls.First());
    }

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        await _app!.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Makes a task and gives its document, secret included.</summary>
    public async Task<JsonNode> ImportAsync(string script, string runas = "sh %script%", object? task = null, string filename = "script.sh")
    {
        var recipe = new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = "a task",
                ["type"] = "script",
                ["script_runas"] = runas,
                ["timeout"] = 60000,
                ["task_arguments"] = new JsonArray(),
            },
            ["file"] = new JsonObject { ["filename"] = filename, ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
        };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(task ?? new { })!.AsObject().ToArray())
        {
            recipe["task"]![name] = value?.DeepClone();
        }

        return await ImportRecipeAsync(recipe.ToJsonString());
    }

    public virtual Task<JsonNode> ImportRecipeAsync(string recipe) => ImportRecipeAsync("acme", Admin, recipe);

    /// <summary>Imports a task, and does so again while the answer is that its grain has not answered in time.</summary>
    internal async Task<JsonNode> ImportRecipeAsync(string customer, string token, string recipe)
    {
        var text = "";
        await UntilAsync(
            async () =>
            {
                using var response = await SendAsync(HttpMethod.Post, $"/{customer}/task/import", token, recipe);
                text = await response.Content.ReadAsStringAsync();
                Assert.True(response.StatusCode is HttpStatusCode.Created or HttpStatusCode.ServiceUnavailable, text);
                return response.StatusCode == HttpStatusCode.Created;
            },
            "the task is imported");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends a request with a bearer token and a JSON body.</summary>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? token = User,
        string? json = null,
        CancellationToken cancellation = default,
        params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return Http.SendAsync(request, cancellation);
    }

    /// <summary>Runs a task; status and body.</summary>
    public async Task<(int Status, string Body)> CallAsync(JsonNode task, string json = "[]", string flags = "", string token = User)
    {
        using var response = await SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job{flags}", token, json);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Removes a job once it has ended, as if it had done so long ago.</summary>
    public async Task RemoveJobAsync(string customer, string job)
    {
        await AgeJobAsync(customer, job);

        // Another request of the test may have removed it meanwhile.
        var removal = await App.Services.GetRequiredService<IGrainFactory>().GetJob(JobKey.Of(customer, job)).Remove();
        Assert.True(removal is Removal.Removed or Removal.AlreadyRemoved, $"{removal}");
    }

    /// <summary>Has a job that ends have ended 11 minutes before.</summary>
    public async Task AgeJobAsync(string customer, string job)
    {
        var grain = App.Services.GetRequiredService<IGrainFactory>().GetJob(JobKey.Of(customer, job));
        var storage = Silo.GetRequiredKeyedService<IGrainStorage>(StorageNames.Jobs);
        var state = new GrainState<JobRecord>();
        await Eventually.TrueAsync(
            async () =>
            {
                await storage.ReadStateAsync(JobStore.StateName, grain.GetGrainId(), state);
                return state.State?.HasEnded == true;
            },
            "the job has ended");
        var ended = JobEntry.Of(state.State!);
        state.State = state.State! with { LastUpdate = state.State.LastUpdate.AddMinutes(-11) };
        await storage.WriteStateAsync(JobStore.StateName, grain.GetGrainId(), state);
        Silo.GetRequiredService<IJobIndex>().Change(customer, ended, JobEntry.Of(state.State));
    }

    /// <summary>Waits for a condition that something else brings about, for half a minute at most.</summary>
    public static Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Eventually.TrueAsync(() => Task.FromResult(condition()), what, TimeSpan.FromSeconds(30));

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)"/>
    public static Task UntilAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Eventually.TrueAsync(condition, what, TimeSpan.FromSeconds(30));

    private static IEnumerable<string> Users()
    {
        (string Customer, string Name, string Credential, string Token, string[] Extra)[] users =
        [
            ("acme", "vera", "viewer", Viewer, []),
            ("acme", "uma", "user", User, []),
            ("acme", "otto", "user", Ops, ["Roles:0=team:ops"]),
            ("acme", "ada", "admin", Admin, []),
            ("acme", "eve", "admin", Expired, ["ExpiresAt=2001-01-01T00:00:00Z"]),
            ("globex", "gil", "admin", Stranger, []),
            ("acme", "agnes", "agent", "agent-token", []),
            ("acme", "max", "manager", "manager-token", []),
            ("acme", "ines", "integration", "integration-token", []),
            ("acme", "olga", "owner", "owner-token", []),
            ("acme", "rita", "root", "root-token", []),
        ];
        foreach (var (user, index) in users.Select((user, index) => (user, index)))
        {
            var path = $"--Auth:Customers:{user.Customer}:Users:{index}";
            yield return $"{path}:Username={user.Name}";
            yield return $"{path}:Email={user.Name}@{user.Customer}.example";
            yield return $"{path}:Credential={user.Credential}";
            yield return $"{path}:TokenSha256={Convert.ToHexStringLower(Secret.Hash(user.Token))}";
            foreach (var extra in user.Extra)
            {
                yield return $"{path}:{extra}";
            }
        }
    }
}

/// <summary>One server for all tests that do not change how it is set up.</summary>
[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<TestServer>
{
    public const string Name = "server";
}

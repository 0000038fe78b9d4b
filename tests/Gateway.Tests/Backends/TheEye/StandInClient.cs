using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SyncCluster.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Calls the stand-in as the user of customer <c>acme</c> does.</summary>
internal sealed class StandInClient(TheEyeServer server) : IDisposable
{
    public const string Token = "t0ken";

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });

    /// <summary>A server with that user and that task.</summary>
    public static async Task<TheEyeServer> ServerAsync(TheEyeOptions options, TheEyeTask task)
    {
        var server = await TheEyeServer.StartAsync(options);
        server.AddUser(Token, new TheEyeUser { CustomerId = "5d1b7e2ec2b2f1001b2f0001", Customer = "acme" });
        server.AddTask("acme", task);
        return server;
    }

    public static object Syncing(params object[] arguments) => new { task_arguments = arguments, lifecycle = "syncing" };

    public Task<HttpResponseMessage> CreateAsync(TheEyeTask task, object body) =>
        _http.PostAsJsonAsync(new Uri(server.Supervisor, $"/acme/task/{task.Id}/job?access_token={Token}"), body);

    public Task<HttpResponseMessage> CreateWithSecretAsync(TheEyeTask task, string secret) =>
        _http.PostAsJsonAsync(new Uri(server.Supervisor, $"/acme/task/{task.Id}/secret/{secret}/job"), Syncing());

    public async Task<JsonElement> CreatedAsync(TheEyeTask task, object body)
    {
        using var response = await CreateAsync(task, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>The id of a new syncing job.</summary>
    public async Task<string> SyncingAsync(TheEyeTask task, params object[] arguments) =>
        (await CreatedAsync(task, Syncing(arguments))).GetProperty("id").GetString()!;

    public Task<HttpResponseMessage> SyncedAsync(string id) => PutAsync($"/job/{id}/synced");

    public Task<HttpResponseMessage> HoldAsync(string id) => PutAsync($"/job/{id}/hold");

    public Task<HttpResponseMessage> CancelAsync(string id) => PutAsync($"/acme/job/{id}/cancel");

    public Task<HttpResponseMessage> GetAsync(string id, string token = Token, string customer = "acme") =>
        _http.GetAsync(new Uri(server.Supervisor, $"/{customer}/job/{id}?access_token={token}"), HttpCompletionOption.ResponseHeadersRead);

    public async Task<JsonElement> TaskAsync(TheEyeTask task) =>
        await _http.GetFromJsonAsync<JsonElement>(new Uri(server.Supervisor, $"/acme/task/{task.Id}?access_token={Token}"));

    public Task<HttpResponseMessage> ProfileAsync(string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Gateway, "/api/session/profile"));
        request.Headers.Authorization = new("Bearer", token);
        return _http.SendAsync(request);
    }

    public void Dispose() => _http.Dispose();

    private Task<HttpResponseMessage> PutAsync(string path) =>
        _http.PutAsync(new Uri(server.Supervisor, $"{path}?access_token={Token}"), null);
}

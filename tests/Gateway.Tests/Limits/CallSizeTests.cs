using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>Calls that are too large for a job's document, at a server that takes larger bodies.</summary>
public sealed class CallSizeTests(CallSizeTests.Server server) : IClassFixture<CallSizeTests.Server>
{
    private const int Env = 100_000;

    [Theory]
    [InlineData(JobDocument.CallLimit - (2 * Env), HttpStatusCode.InternalServerError)]
    [InlineData(JobDocument.CallLimit - Env, HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_call_that_is_too_large_for_its_jobs_document_is_refused_before_there_is_a_job(int length, HttpStatusCode status)
    {
        var task = await server.ImportRecipeAsync(new JsonObject
        {
            ["task"] = new JsonObject
            {
                ["name"] = "large",
                ["type"] = "dummy",
                ["task_arguments"] = new JsonArray(new JsonObject { ["order"] = 0 }),
                ["env"] = new JsonObject { ["LARGE"] = new string('x', Env) },
            },
        }.ToJsonString());
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job?full", json: $"[\"{new string('x', length)}\"]");
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal((status, status == HttpStatusCode.InternalServerError), (response.StatusCode, response.Headers.Contains("Job-Id")));
        if (status == HttpStatusCode.RequestEntityTooLarge)
        {
            Assert.EndsWith($" bytes in the job's document, and may take {JobDocument.CallLimit}. Nothing was run.", (string?)body["message"], StringComparison.Ordinal);
        }
        else
        {
            // It is within the limit of a call; its own output, the arguments, is not.
            Assert.StartsWith("The task's output was ", (string?)body["output"]![0], StringComparison.Ordinal);
        }
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => ["--Limits:Body=16777216", "--Limits:Import=16777216"];
    }
}

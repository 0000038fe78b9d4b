using System.Net;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>In front of TheEye its own lists are shown, with the caller's token.</summary>
[Collection(SharedTheEyeServer.Name)]
public sealed class TheEyeJobListTests(TheEyeTestServer server)
{
    [Theory]
    [InlineData("/acme/job?where[task_id]=x&limit=2", "/acme/job?where[task_id]=x&limit=2&access_token=viewer-token")]
    [InlineData("/acme/job", "/acme/job?access_token=viewer-token")]
    [InlineData("/job/running?customer=acme&a=%26%3D", "/job/running?customer=acme&a=%26%3D&access_token=viewer-token")]
    [InlineData("/job/running_count", "/job/running_count?access_token=viewer-token")]
    [InlineData("/acme/job/0123456789abcdef01234567/input", "/acme/job/0123456789abcdef01234567/input?access_token=viewer-token")]
    public async Task A_list_is_what_TheEye_answers(string asked, string arrived)
    {
        using var response = await server.SendAsync(HttpMethod.Get, asked, TestServer.Viewer);
        Assert.Equal((HttpStatusCode.OK, $$"""[{"asked":"{{arrived}}"}]"""), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_token_in_the_query_is_not_sent_on_twice()
    {
        using var response = await server.SendAsync(HttpMethod.Get, "/acme/job?limit=1&access%5Ftoken=viewer-token&skip=1", token: null);
        Assert.Equal("""[{"asked":"/acme/job?limit=1&skip=1&access_token=viewer-token"}]""", await response.Content.ReadAsStringAsync());
    }

    /// <summary>TheEye would give it a job out of its queue.</summary>
    [Fact]
    public async Task An_agent_gets_no_list()
    {
        using var response = await server.SendAsync(HttpMethod.Get, "/acme/job?hostname=h", "agent-token");
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
    }

    [Theory]
    [InlineData("PUT", "/acme/job/0123456789abcdef01234567/restart")]
    [InlineData("DELETE", "/acme/job/0123456789abcdef01234567")]
    [InlineData("DELETE", "/acme/task/x/job")]
    [InlineData("DELETE", "/acme/job?caller=uma")]
    [InlineData("GET", "/task")]
    public async Task What_is_TheEyes_own_is_to_be_done_there(string method, string path)
    {
        using var response = await server.SendAsync(new HttpMethod(method), path, TestServer.Admin);
        Assert.Equal(HttpStatusCode.NotImplemented, response.StatusCode);
    }

    [Theory]
    [InlineData("/acme/job", TestServer.Stranger, HttpStatusCode.Forbidden)]
    [InlineData("/acme/job", "nobodys", HttpStatusCode.Unauthorized)]
    [InlineData("/acme/job/..%2f..%2fx/input", TestServer.Viewer, HttpStatusCode.NotFound)]
    public async Task Who_may_not_ask_is_refused_here(string path, string token, HttpStatusCode status)
    {
        using var response = await server.SendAsync(HttpMethod.Get, path, token);
        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task A_job_is_canceled_without_naming_the_customer()
    {
        var task = await server.ImportAsync("sleep 60");
        using var started = await server.SendAsync(
            HttpMethod.Post, $"/acme/task/{task["id"]}/job", json: "[]", headers: ("Prefer", "respond-async, wait=1"));
        using var canceled = await server.SendAsync(HttpMethod.Put, $"/job/{started.Headers.GetValues("Job-Id").Single()}/cancel");
        Assert.Equal(HttpStatusCode.NoContent, canceled.StatusCode);
    }
}

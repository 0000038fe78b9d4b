using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SyncCluster.Gateway.Tests.Http;

public sealed class ProblemTests
{
    [Fact]
    public async Task A_problem_is_problem_details_with_TheEyes_members_beside_them()
    {
        var (response, body) = await Execute(new Problem(403, "Nö \"you\" <can't>", "EORACC") { JobId = "0123456789abcdef01234567" });
        Assert.Equal(403, response.StatusCode);
        Assert.Equal("application/problem+json", response.ContentType);
        Assert.Equal(
            """{"type":"about:blank","title":"Forbidden","status":403,"detail":"Nö \"you\" <can't>","message":"Nö \"you\" <can't>","""
            + "\"statusCode\":403,\"code\":\"EORACC\",\"jobId\":\"0123456789abcdef01234567\"}",
            body);
        Assert.Equal(Encoding.UTF8.GetByteCount(body), response.ContentLength);
    }

    [Fact]
    public async Task Without_a_job_nothing_speaks_of_one()
    {
        var (response, body) = await Execute(new Problem(404, "No such task."));
        Assert.Contains("\"code\":\"\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("jobId", body, StringComparison.Ordinal);
        Assert.Equal(["Content-Length", "Content-Type"], response.Headers.Keys.Order());
    }

    [Fact]
    public async Task A_problem_with_a_job_says_how_to_go_on()
    {
        var (response, _) = await Execute(new Problem(504, "Not yet.") { JobId = "0123456789abcdef01234567", Location = "/acme/job/1/result?parse=2" });
        Assert.Equal("0123456789abcdef01234567", response.Headers["Job-Id"]);
        Assert.Equal("/acme/job/1/result?parse=2", response.Headers.Location);
    }

    [Theory]
    [InlineData(0.2, "1")]
    [InlineData(5, "5")]
    [InlineData(5.01, "6")]
    [InlineData(0, "0")]
    [InlineData(-3, "0")]
    [InlineData(90_000, "90000")]
    public async Task Retry_After_is_whole_seconds_rounded_up(double seconds, string header)
    {
        var (response, _) = await Execute(new Problem(503, "Later.") { RetryAfter = TimeSpan.FromSeconds(seconds) });
        Assert.Equal(header, response.Headers.RetryAfter);
    }

    [Theory]
    [InlineData(401, "Bearer")]
    [InlineData(403, "")]
    public async Task Only_a_missing_token_is_a_challenge(int status, string challenge)
    {
        var (response, _) = await Execute(new Problem(status, "Who?"));
        Assert.Equal(challenge, response.Headers.WWWAuthenticate.ToString());
    }

    [Fact]
    public async Task Nothing_that_the_host_configures_gets_into_a_problem()
    {
        var (_, body) = await Execute(
            new Problem(500, "Broken."),
            services => services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
            {
                context.ProblemDetails.Extensions["leak"] = "leak";
                context.ProblemDetails.Extensions["traceId"] = "leak";
            }));
        Assert.DoesNotContain("leak", body, StringComparison.Ordinal);
        Assert.DoesNotContain("traceId", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\ud800")]
    [InlineData("\u0000\u2028")]
    public async Task A_message_from_elsewhere_does_not_break_the_answer(string message) =>
        Assert.StartsWith("{", (await Execute(new Problem(502, message))).Body, StringComparison.Ordinal);

    private static async Task<(HttpResponse Response, string Body)> Execute(Problem problem, Action<IServiceCollection>? configure = null)
    {
        var services = new ServiceCollection().AddLogging();
        configure?.Invoke(services);
        await using var provider = services.BuildServiceProvider();
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = provider };
        context.Response.Body = body;
        await problem.ExecuteAsync(context);
        return (context.Response, Encoding.UTF8.GetString(body.ToArray()));
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Tests.Server;
using Xunit.Abstractions;

namespace SyncCluster.Gateway.Tests.Fuzz;

/// <summary>Requests of any kind to the demonstration: there is an answer to each, and never that the server has failed.</summary>
public sealed class RequestTests(DemoTests.Server server, ITestOutputHelper output) : IClassFixture<DemoTests.Server>
{
    private readonly Fuzzing _fuzzing = new(output);

    [Fact]
    public async Task No_request_makes_the_server_fail()
    {
        using var ran = await server.SendAsync(HttpMethod.Post, "/demo/task/echo/job", DemoMode.UserToken, "[1,2]");
        var job = ran.Headers.GetValues("Job-Id").Single();
        await _fuzzing.SendAsync(async random =>
        {
            var request = RequestOf(random, job);
            var answer = await AnswerAsync(request);

            // Of a 500 only a job may speak, and then it is named.
            Assert.True(
                answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
                && (!answer.StartsWith("HTTP/1.1 500", StringComparison.Ordinal) || answer.Contains("\r\nJob-Id: ", StringComparison.Ordinal)),
                $"{answer} to {request}");
        });
    }

    private static string RequestOf(Random random, string job)
    {
        var method = Fuzz(random, "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
        var path = Fuzz(
            random, "/demo/task/echo/job", "/task/echo/job", $"/demo/job/{job}/result", $"/job/{job}/result", $"/job/{job}/secret/demo.x/result", $"/demo/job/{job}/cancel", "/demo/task/import",
            $"/job/secret/x?customer=demo&task=echo", "/task/echo/secret/x/job", "/demo/task", "/api/status", "/docs", "/openapi/v1.json");
        var query = $"access_token={DemoMode.UserToken}&{Fuzz(random, "parse", "full", "counter=0&limit=1", "wait_result=true", "task_arguments[]=1&task_arguments[]=2")}";
        var body = Fuzz(random, "", "[1,2]", """{"task_arguments":[1,2]}""", "task_arguments=1&task_arguments=2", """{"task":{"type":"dummy"}}""");
        var headers = string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ =>
            $"{Fuzz(random, "Authorization", "Prefer", "Idempotency-Key", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "Accept", "Content-Type", "If-None-Match")}: {Fuzzing.Text(random, 4)}\r\n"));
        var type = $"Content-Type: {Fuzz(random, "application/json", "application/x-www-form-urlencoded")}\r\n";
        return $"{method} {path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{type}{headers}"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

        static string Fuzz(Random random, params string[] known) => Fuzzing.OneOf(random, known);
    }

    private async Task<string> AnswerAsync(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
        var stream = socket.GetStream();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), limit.Token);
        using var reader = new StreamReader(stream);
        try
        {
            return await reader.ReadToEndAsync(limit.Token);
        }
        catch (IOException)
        {
            // Refused by the web server before it was read to its end: then the connection is reset, and the answer may be lost with it.
            return "HTTP/1.1 reset";
        }
    }
}

using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;
using SyncCluster.Tasks;
using Xunit.Abstractions;

namespace SyncCluster.Gateway.Tests.Fuzz;

/// <summary>The readers of what anybody may send, each by itself.</summary>
public sealed class ReaderTests(ITestOutputHelper output)
{
    private const int Little = 32 << 10;

    // An argument that names the last place has nulls before it.
    private const int Places = 512 << 10;

    private readonly Fuzzing _fuzzing = new(output);

    [Fact]
    public void Ids_and_names() => _fuzzing.Read(
        random => Fuzzing.OneOf(random, "0123456789abcdef01234567", "acme", "task", new string('a', random.Next(100))),
        text =>
        {
            var isSafe = text.Length is >= 1 and <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
            Assert.Equal(isSafe, TaskId.IsValid(text));
            Assert.True(isSafe || !(CustomerName.IsValid(text) || JobId.IsValid(text)));
        },
        Little,
        text => text.Length);

    [Fact]
    public void Flags_numbers_and_addresses() => _fuzzing.Read(
        random => new QueryString("?" + Fuzzing.Text(random, 20)),
        query =>
        {
            var request = RequestOf(query);
            Assert.True(AnswerFlags.Of(request.Query).Index >= 0);
            if (PollingCursor.Of(request.Query) is { } polling)
            {
                Assert.InRange(polling.Timeout, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
                Assert.True(polling.Next is null or <= PollingCursor.MaxWaits);
            }

            foreach (var address in (string[])[PollingLinks.First("/job/x/result", request), PollingLinks.OfProblem("/job/x/result", request)])
            {
                Assert.False(address.AsSpan().ContainsAnyExceptInRange('!', '~') || address.Contains('#', StringComparison.Ordinal), address);
            }

            Assert.False(RequestOf(AddressQuery(PollingLinks.OfProblem("/job/x/result", request))).Query.ContainsKey("access_token"));
            Assert.Equal("7", RequestOf(AddressQuery(PollingLinks.Next("/job/x/result", request, 7))).Query["counter"]);
        },
        Little * 4,
        query => query.Value!.Length);

    [Fact]
    public void Tokens() => _fuzzing.Read(
        random => (Query: new QueryString("?" + Fuzzing.Text(random)), Header: new StringValues([.. Enumerable.Range(0, random.Next(3)).Select(_ => Fuzzing.Text(random))]), Body: Fuzzing.Text(random, 2)),
        input =>
        {
            var found = AccessToken.Find(RequestOf(input.Query).Query, input.Header, input.Body);
            Assert.True(found is not AccessToken.One { Token.Length: 0 or > AccessToken.MaxLength });
        },
        Little,
        input => input.Query.Value!.Length + input.Header.Sum(header => header!.Length) + input.Body.Length);

    [Fact]
    public void Preferences_keys_and_places() => _fuzzing.Read(
        random => new StringValues([.. Enumerable.Range(0, random.Next(3)).Select(_ => Fuzzing.OneOf(
            random, "wait=10", "respond-async", "wait=\"1\", respond-async;a=b", "\"a key\\\"\"", "a-key", "assigned.12", "end", Fuzzing.Text(random)))]),
        header =>
        {
            Assert.True(PreferHeader.Of(header).Wait is null or { Ticks: >= 0 });
            if (IdempotencyKey.Find(header) is IdempotencyKey.One { Key: var key })
            {
                Assert.InRange(key.Length, 1, 255);
                Assert.False(key.AsSpan().ContainsAnyExceptInRange('!', '~'));
            }

            Assert.True(EventCursor.Of(header.FirstOrDefault()).Log >= 0);
        },
        Little,
        header => header.Sum(line => line!.Length));

    [Fact]
    public void Bodies_and_their_types() => _fuzzing.Read(
        random => (
            Type: Fuzzing.OneOf(random, "application/json", "application/x-www-form-urlencoded", "application/json; charset=utf-8", "a/b+json"),
            Body: Encoding.UTF8.GetBytes(Fuzzing.Text(random, 20)),
            Query: new QueryString("?" + Fuzzing.Text(random))),
        input =>
        {
            var read = CallPayload.Read(input.Type, input.Body, RequestOf(input.Query).Query);
            Assert.True(read.TryGet(out _, out var problem) || problem.Status is 400 or 415);
        },
        Places,
        input => input.Type.Length + input.Body.Length + input.Query.Value!.Length);

    [Fact]
    public void Outputs_and_the_headers_in_them() => _fuzzing.Read(
        random => Encoding.UTF8.GetBytes($$"""{"result":{},"output":[{{JsonSerializer.Serialize(OutputOf(random))}}]}"""),
        document =>
        {
            var answer = PollingAnswer.Shape("0123456789abcdef01234567", document, JobState.Success, QueryCollection.Empty);
            Assert.NotNull(answer);
            if (answer is TaskResponse own)
            {
                Assert.InRange(own.Status, 200, 599);
                Assert.All(own.Headers, header => Assert.False(header.Value.AsSpan().ContainsAnyExceptInRange(' ', '~')));
                Assert.All(own.Headers.Keys, name => Assert.True(TaskHeaders.IsTaken(name)));
            }
        },
        Little,
        document => document.Length);

    private static string OutputOf(Random random) => random.Next(2) == 0
        ? Fuzzing.Text(random, 20)
        : $"{{\"response\":{{\"body\":{Json(random)},\"statusCode\":{random.Next(700)},\"headers\":{{{Json(random)}:{Json(random)},\"{Fuzzing.Text(random, 2)}\":\"{Fuzzing.Text(random, 3)}\"}}}}}}";

    private static string Json(Random random) => JsonSerializer.Serialize(Fuzzing.Text(random, 3));

    private static HttpRequest RequestOf(QueryString query)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = query;
        return request;
    }

    private static QueryString AddressQuery(string address) => new(address[address.IndexOf('?', StringComparison.Ordinal)..]);
}

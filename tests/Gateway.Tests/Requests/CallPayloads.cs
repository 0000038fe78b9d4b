using System.Text;
using SyncCluster.Gateway.Requests;
using static SyncCluster.Gateway.Tests.Requests.Queries;

namespace SyncCluster.Gateway.Tests.Requests;

/// <summary>Reads bodies and says what came of it in one string.</summary>
internal static class CallPayloads
{
    public const string JsonType = "application/json";
    public const string FormType = "application/x-www-form-urlencoded";

    public static string ArgumentsOf(string? contentType, string body, string query = "") => Accepted(contentType, body, query).Arguments;

    public static (string Arguments, string? Token) Accepted(string? contentType, string body, string query = "")
    {
        Assert.True(Read(contentType, Encoding.UTF8.GetBytes(body), query).TryGet(out var payload, out var problem), problem?.Message);
        return (Encoding.UTF8.GetString(payload!.Arguments.Span), payload.AccessToken);
    }

    public static (int Status, string Message) Refused(string? contentType, string body, string query = "") =>
        Refused(contentType, Encoding.UTF8.GetBytes(body), query);

    public static (int Status, string Message) Refused(string? contentType, byte[] body, string query = "")
    {
        Assert.False(Read(contentType, body, query).TryGet(out _, out var problem));
        return (problem!.Status, problem.Message);
    }

    private static Result<CallPayload> Read(string? contentType, byte[] body, string query) => CallPayload.Read(contentType, body, Query(query));
}

using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye.Http;

/// <summary>The gateway's path: the profile of a token's user.</summary>
internal sealed class GatewayApi(RequestHandler requests, Accounts accounts, Counters counters)
{
    public Task HandleAsync(HttpContext context, CancellationToken stopping) =>
        context.Request.Method == HttpMethods.Get && Request.Path(context) is ["api", "session", "profile"]
            ? requests.ServeAsync(context, Step.Profile, null, () => Task.FromResult(Profile(Request.Token(context))), stopping)
            : HttpExchange.WriteAsync(context, Answer.Refusal(404, "not found"));

    private Answer Profile(string? token)
    {
        if (!accounts.TryFind(token, out var account))
        {
            return Answer.Refusal(401, "Unauthorized");
        }

        counters.Add(CountedAction.Profile);
        return Answer.Json(Render(account.User));
    }

    private static byte[] Render(TheEyeUser user)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("id"u8, user.Id);
        json.WriteString("username"u8, user.Username);
        json.WriteString("email"u8, user.Email);
        json.WriteString("name"u8, user.Name);
        json.WriteString("credential"u8, user.Credential);
        json.WriteStartObject("current_customer"u8);
        json.WriteString("id"u8, user.CustomerId);
        json.WriteString("name"u8, user.Customer);
        json.WriteString("display_name"u8, user.Customer);
        json.WriteEndObject();
        json.WriteStartArray("customers"u8);
        json.WriteStartObject();
        json.WriteString("id"u8, user.CustomerId);
        json.WriteString("name"u8, user.Customer);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}

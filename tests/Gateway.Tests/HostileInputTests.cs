using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests;

/// <summary>Random input put together from what these readers look for, so that it gets past the first check.</summary>
public sealed class HostileInputTests
{
    private const int Rounds = 40_000;

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\\"", "\\\\", "\\u", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0041", " ", "\n", "\0", "\uFEFF",
        "\"output\":", "\"result\":", "\"task_arguments\":", "\"access_token\":", "\"statusCode\":", "\"\\ud800atusCode\":", "\"{\\\"statusCode\\\":404}\"",
        "task_arguments", "task_arguments[]", "task_arguments[0]", "access_token", "=", "&", "+", "%", "%5B", "%FF", "%C3%A9", "null", "true", "1", "-1",
        "1e999", "200", "\"418\"", "204.0", "é", "😀", "\ud800", "[[[[[[[[[[[[[[[[", "{\"a\":", "{\"output\":[\"", "\"],\"result\":{}}", "[1]", "{}", "\"a\"",
    ];

    private static readonly string?[] ContentTypes =
        [null, "", "application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "a+b/+json", "application/+json", ";;=\"", "\ud800"];

    [Fact]
    public void No_answer_is_ever_thrown() => Repeat(random =>
    {
        var document = random.Next(2) == 0
            ? Bytes(random)
            : [.. "{\"result\":{},\"output\":["u8, .. Element(random), .. "]}"u8];
        foreach (var flags in new[] { AnswerFlags.Output, AnswerFlags.Result, AnswerFlags.Full, AnswerFlags.Parse(random.Next(3)) })
        {
            if (JobAnswer.Shape(document, (JobState)random.Next(6), flags) is JobAnswer.Shaped shaped)
            {
                Assert.InRange(shaped.Status, 200, 599);
                Assert.True(shaped.Body.IsEmpty ? shaped.Status is 204 or 205 or 304 : IsJson(shaped.Body), "The body is no JSON.");
            }
        }
    });

    [Fact]
    public void No_body_of_a_call_is_ever_thrown() => Repeat(random =>
    {
        var call = CallPayload.Read(ContentTypes[random.Next(ContentTypes.Length)], Bytes(random), Query(random));
        if (call.TryGet(out var payload, out _))
        {
            using var json = JsonDocument.Parse(payload.Arguments, SyncCluster.Json.JsonText.DocumentOptions);
            Assert.Equal(JsonValueKind.Array, json.RootElement.ValueKind);
            ReadEveryString(json.RootElement);
        }
    });

    [Fact]
    public void No_flag_and_no_token_is_ever_thrown() => Repeat(random =>
    {
        var flags = AnswerFlags.Of(Query(random));
        Assert.True(flags.Index >= 0);
        AccessToken.Find(Query(random), new StringValues([.. Enumerable.Range(0, random.Next(3)).Select(_ => "Bearer "[..random.Next(8)] + Text(random))]), Text(random));
    });

    private static void Repeat(Action<Random> test)
    {
        var seed = Environment.TickCount;
        for (var round = 0; round < Rounds; round++)
        {
            try
            {
                test(new Random(unchecked(seed + round)));
            }
            catch (Exception fault)
            {
                Assert.Fail($"Seed {unchecked(seed + round)}: {fault}");
            }
        }
    }

    private static string Text(Random random) => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    private static byte[] Bytes(Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(Text(random));
        if (bytes.Length > 0 && random.Next(4) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private static byte[] Element(Random random) => random.Next(3) switch
    {
        0 => Bytes(random),
        1 => [(byte)'"', .. Bytes(random), (byte)'"'],
        _ => JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(Bytes(random))),
    };

    private static QueryCollection Query(Random random)
    {
        string[] names = ["parse", "result", "full", "task_arguments", "task_arguments[]", "task_arguments[1]", "access_token", Text(random)];
        return new(Enumerable.Range(0, random.Next(4)).Select(_ => names[random.Next(names.Length)]).Distinct(StringComparer.OrdinalIgnoreCase)
            .ToDictionary(name => name, _ => new StringValues([.. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(5) == 0 ? null : Text(random))])));
    }

    private static bool IsJson(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 300 });
        return true;
    }

    private static void ReadEveryString(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                element.EnumerateArray().ToList().ForEach(ReadEveryString);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadEveryString(member.Value);
                }

                break;
        }
    }
}

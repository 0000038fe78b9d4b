using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SyncCluster.Harness.Telemetry;

/// <summary>Takes spans by OTLP over HTTP, in both of its encodings.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Span> _spans = new();
    private readonly ConcurrentQueue<byte[]> _messages = new();

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        app.MapPost("/v1/traces", ReceiveAsync);
    }

    /// <summary>For <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Address => _app.Urls.Single();

    /// <summary>The standard variables with which a server sends its spans here soon, and nothing else.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{Address}/v1/traces",
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
    };

    /// <summary>The same as arguments of a program.</summary>
    public IEnumerable<string> Settings => Variables.Select(variable => $"--{variable.Key}={variable.Value}");

    /// <summary>All spans so far.</summary>
    public IReadOnlyCollection<Span> Spans => _spans;

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();

        // Of another name than that of the servers in this process, which would send what they receive.
        builder.Services.AddSingleton(new ActivitySource(nameof(OtlpReceiver)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The spans of a trace so far.</summary>
    public IReadOnlyList<Span> Trace(string traceId) => [.. _spans.Where(span => span.TraceId == traceId)];

    /// <summary>Waits until a trace has a span.</summary>
    public async Task<Span> SpanAsync(string traceId, string name)
    {
        Span? found = null;
        await Eventually.TrueAsync(
            () => (found = Trace(traceId).FirstOrDefault(span => span.Name == name)) is not null,
            $"the trace has a span \"{name}\"; it has {string.Join(", ", Trace(traceId).Select(span => span.Name))}");
        return found!;
    }

    /// <summary>Whether a text was received anywhere, as it is.</summary>
    public bool HasReceived(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return _messages.Any(message => message.AsSpan().IndexOf(bytes) >= 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<IResult> ReceiveAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var message = body.ToArray();
        _messages.Enqueue(message);
        foreach (var span in request.ContentType == "application/json" ? ReadJson(message) : ReadProtobuf(message))
        {
            _spans.Enqueue(span);
        }

        return Results.Bytes([], request.ContentType);
    }

    private static IEnumerable<Span> ReadProtobuf(byte[] message) =>
        from resource in Protobuf.Read(message)
        let parts = Protobuf.Read(resource.Bytes)
        let service = parts.Where(part => part.Number == 1).SelectMany(part => AttributesOf(Protobuf.Read(part.Bytes), 1))
            .FirstOrDefault(attribute => attribute.Key == "service.name").Value
        from scope in parts
        where scope.Number == 2
        from span in Protobuf.Read(scope.Bytes)
        where span.Number == 2
        select SpanOf(Protobuf.Read(span.Bytes)) with { Service = service };

    private static Span SpanOf(List<Protobuf.Field> fields) => new(
        Find(fields, 1).Hex,
        Find(fields, 2).Hex,
        Find(fields, 4).Hex,
        Find(fields, 5).Text,
        Find(fields, 3).Text,
        AttributesOf(fields, 9).ToDictionary(),
        [.. fields.Where(field => field.Number == 13).Select(link => Find(Protobuf.Read(link.Bytes), 1).Hex)]);

    private static IEnumerable<KeyValuePair<string, string>> AttributesOf(List<Protobuf.Field> fields, int number) =>
        from field in fields
        where field.Number == number
        let attribute = Protobuf.Read(field.Bytes)
        from value in Protobuf.Read(Find(attribute, 2).Bytes)
        select KeyValuePair.Create(
            Find(attribute, 1).Text, value.Number == 1 ? value.Text : value.Value.ToString(CultureInfo.InvariantCulture));

    private static Protobuf.Field Find(List<Protobuf.Field> fields, int number) => fields.FirstOrDefault(field => field.Number == number);

    private static List<Span> ReadJson(byte[] message)
    {
        using var json = JsonDocument.Parse(message);
        return
        [
            .. from resource in json.RootElement.GetProperty("resourceSpans").EnumerateArray()
               from scope in resource.GetProperty("scopeSpans").EnumerateArray()
               from span in scope.GetProperty("spans").EnumerateArray()
               select new Span(Text(span, "traceId"), Text(span, "spanId"), Text(span, "parentSpanId"), Text(span, "name"), "", new Dictionary<string, string>(), []),
        ];

        static string Text(JsonElement span, string name) => span.GetProperty(name).GetString()!;
    }
}

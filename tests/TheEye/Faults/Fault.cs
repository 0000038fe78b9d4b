using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Faults;

/// <summary>
/// What goes wrong with a request; each fault says whether the request is executed. Faults with an answer of their own (<see cref="Status"/>,
/// <see cref="Html"/>, <see cref="Redirect"/>) do not execute it; those that change the real answer do. A fault object may be used any number of times.
/// </summary>
public abstract class Fault
{
    private static readonly JsonSerializerOptions AsExpress = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The message of <see cref="Step.Publish"/> is lost; a request finds its connection reset.</summary>
    public static Fault Drop { get; } = ResetBefore();

    /// <summary>Not executed: this status and body.</summary>
    public static Fault Status(int code, string body = "", string contentType = Answer.JsonType) =>
        new Played(exchange => exchange.ReplyAsync(Answer.Text(code, body, contentType)));

    /// <summary>Not executed: the error page of a proxy.</summary>
    public static Fault Html(int code) =>
        Status(code, $"<html><head><title>{code}</title></head><body><h1>{code}</h1><hr>nginx</body></html>\r\n", "text/html");

    /// <summary>Not executed: a redirect.</summary>
    public static Fault Redirect(string url) => new Played(exchange => exchange.ReplyAsync(Answer.NoContent with { Status = 302, Location = url }));

    /// <summary>Executed: the real status, with a body of invalid JSON.</summary>
    public static Fault NotJson() => Change(answer => answer with { Body = "this is { not JSON"u8.ToArray() });

    /// <summary>Executed: the real status, without a body.</summary>
    public static Fault EmptyBody() => Change(answer => answer with { Body = [] });

    /// <summary>Executed: the real answer with gzip, whether the client accepts that or not.</summary>
    public static Fault Gzip() => Change(answer => answer with { Body = Zip(stream => stream.Write(answer.Body)), ContentEncoding = "gzip" });

    /// <summary>Executed: so many bytes of white space and the real answer, with gzip.</summary>
    public static Fault GzipBomb(long size)
    {
        var fuse = new Lazy<byte[]>(() => Zip(stream => WriteSpaces(stream, size)));
        return Change(answer => answer with { Body = [.. fuse.Value, .. Zip(stream => stream.Write(answer.Body))], ContentEncoding = "gzip" });
    }

    /// <summary>Executed: a job document of about so many bytes, whose output is one long string.</summary>
    public static Fault Large(int bytes) => Change(answer => Padded(answer, bytes));

    /// <summary>Executed: the head of the real answer and half of its body, then the connection is reset.</summary>
    public static Fault CutOff() => new Played(async exchange => await exchange.CutOffAsync(await exchange.ActAsync()));

    /// <summary>Not executed: no answer until the client disconnects or the fault is cleared.</summary>
    public static Fault Hang() => new Played(exchange => exchange.HangAsync());

    /// <summary>Executed: no answer until the client disconnects or the fault is cleared.</summary>
    public static Fault HangAfter() => After(exchange => exchange.HangAsync());

    /// <summary>Not executed: the connection is reset.</summary>
    public static Fault ResetBefore() => new Played(exchange =>
    {
        exchange.Reset();
        return Task.CompletedTask;
    });

    /// <summary>Executed: the connection is reset.</summary>
    public static Fault ResetAfter() => After(exchange =>
    {
        exchange.Reset();
        return Task.CompletedTask;
    });

    /// <summary>Executed: this status.</summary>
    public static Fault FailAfter(int code, string message = "failed after it was done") =>
        After(exchange => exchange.ReplyAsync(Answer.Error(code, message)));

    /// <summary>Executed and answered later.</summary>
    public static Fault DelayBefore(TimeSpan time) => new Played(async exchange =>
    {
        await Task.Delay(time, exchange.Time, exchange.Stopping);
        await exchange.ReplyAsync(await exchange.ActAsync());
    });

    /// <summary>Executed at once, answered later.</summary>
    public static Fault DelayAfter(TimeSpan time) => After(async exchange =>
    {
        await Task.Delay(time, exchange.Time, exchange.Stopping);
        await exchange.ReplyAsync(await exchange.ActAsync());
    });

    /// <summary>Executed twice in a row: a message is published twice, a job is created twice.</summary>
    public static Fault Twice() => After(async exchange => await exchange.ReplyAsync(await exchange.ActAgainAsync()));

    internal abstract Task PlayAsync(Exchange exchange);

    private static Played After(Func<Exchange, Task> then) => new(async exchange =>
    {
        await exchange.ActAsync();
        await then(exchange);
    });

    private static Played Change(Func<Answer, Answer> change) =>
        new(async exchange => await exchange.ReplyAsync(change(await exchange.ActAsync())));

    private static byte[] Zip(Action<Stream> write)
    {
        var zipped = new MemoryStream();
        using (var stream = new GZipStream(zipped, CompressionLevel.Fastest))
        {
            write(stream);
        }

        return zipped.ToArray();
    }

    private static void WriteSpaces(Stream stream, long size)
    {
        var spaces = new byte[64 * 1024];
        spaces.AsSpan().Fill((byte)' ');
        for (var left = size; left > 0; left -= spaces.Length)
        {
            stream.Write(spaces, 0, (int)Math.Min(left, spaces.Length));
        }
    }

    private static Answer Padded(Answer answer, int bytes)
    {
        var missing = bytes - answer.Body.Length;
        if (missing <= 0 || answer.Body is not [(byte)'{', ..] || JsonNode.Parse(answer.Body) is not JsonObject document)
        {
            return answer;
        }

        document["output"] = new JsonArray(new string('x', missing));
        return answer with { Body = Encoding.UTF8.GetBytes(document.ToJsonString(AsExpress)) };
    }

    private sealed class Played(Func<Exchange, Task> play) : Fault
    {
        internal override Task PlayAsync(Exchange exchange) => play(exchange);
    }
}

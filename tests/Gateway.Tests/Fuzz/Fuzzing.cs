using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace SyncCluster.Gateway.Tests.Fuzz;

/// <summary>
/// Pseudo-random inputs: 20,000 of each kind, or as many as <c>SYNCCLUSTER_FUZZ</c> says. <c>SYNCCLUSTER_SEED</c> repeats a run; each input has a seed of
/// its own, which is the run's and its number.
/// </summary>
internal sealed class Fuzzing(ITestOutputHelper output)
{
    /// <summary>What a reader allocates once, and while it is compiled.</summary>
    private const int WarmUp = 500;

    private static readonly string[] Pieces =
    [
        "a", "Z", "0", "9", "-1", "007", "1e9", "99999999999999999999", "0123456789abcdef01234567", "task", "job", "acme", "_", "-", ".", "..", "/", "%2F", "%00",
        "%", "%zz", "%FF", "%C3%A9", "+", " ", "\t", "\r\n", "\0", "é", "😀", "\ud800", "\udc00", "\u00a0", "\u0660", "&", "=", "?", "#", ";", ",", ":", "\"", "\\", "\\\"",
        "'", "<", ">", "{", "}", "[", "]", "null", "true", "NaN", "\\ud800", "\\u0000", "\\u0061", "[[[[[[[[[[[[[[[[[[[[[[[[", "{\"a\":", "access_token", "task_arguments", "task_arguments[]",
        "task_arguments[9999]", "wait_result", "parse", "result", "full", "output", "counter", "limit", "timeout", "customer", "Bearer ", "bearer\t", "Basic ", "application/json",
        "application/x-www-form-urlencoded", "text/plain", "charset=utf-8", "charset=\"UTF-7\"", "*/*", "q=1", "response", "body", "statusCode", "headers", "\"response\":{", "\"statusCode\":418",
        "\"headers\":{\"X-A\":\"b\"}", "Content-Type", "Set-Cookie", "\"task_arguments\":[", "\"access_token\":\"t\"", "\"wait_result\":true", "respond-async", "wait=1", "\uFEFF",
    ];

    public static int Count { get; } = Number("SYNCCLUSTER_FUZZ") ?? 20_000;

    private static int Seed { get; } = Number("SYNCCLUSTER_SEED") ?? Environment.TickCount & 0x3FFF_FFFF;

    /// <summary>Makes inputs and has them read: nothing may be thrown, and not much more allocated than an input is long.</summary>
    /// <param name="make">Makes an input.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="most">Bytes that may be allocated for it, beside <see cref="PerCharacter"/> of its length.</param>
    /// <param name="lengthOf">How long it is.</param>
    public void Read<T>(Func<Random, T> make, Action<T> read, int most, Func<T, int> lengthOf)
    {
        var mostFound = 0L;
        for (var i = 0; i < Count; i++)
        {
            var input = make(new Random(Seed + i));
            try
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                read(input);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                if (i >= WarmUp)
                {
                    mostFound = Math.Max(mostFound, allocated);
                    Assert.True(allocated <= most + (PerCharacter * lengthOf(input)), $"{allocated} bytes for {lengthOf(input)} characters");
                }
            }
            catch (Exception fault)
            {
                Assert.Fail($"SYNCCLUSTER_SEED={Seed + i} SYNCCLUSTER_FUZZ=1 repeats it: {fault}");
            }
        }

        output.WriteLine($"SYNCCLUSTER_SEED={Seed}: {Count} inputs, at most {mostFound} bytes allocated for one");
    }

    /// <summary>The same for what is sent somewhere, for a hundredth of the inputs.</summary>
    public async Task SendAsync(Func<Random, Task> send)
    {
        output.WriteLine($"SYNCCLUSTER_SEED={Seed}: {Requests} requests");
        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            try
            {
                await send(new Random(Seed + i));
            }
            catch (Exception fault)
            {
                Assert.Fail($"SYNCCLUSTER_SEED={Seed + i} SYNCCLUSTER_FUZZ=1 repeats it: {fault}");
            }
        });
    }

    /// <summary>Bytes that may be allocated for a character: strings of it and its copies, escaped, in buffers that grow by doubling.</summary>
    private const int PerCharacter = 256;

    private static int Requests => Math.Max(1, Count / 100);

    /// <summary>Text put together from what the readers look for, now and then with anything.</summary>
    public static string Text(Random random, int most = 8)
    {
        var text = new StringBuilder();
        for (var i = random.Next(most + 1); i > 0; i--)
        {
            text.Append(random.Next(8) == 0 ? ((char)random.Next(1 << 16)).ToString() : Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }

    /// <summary>One of these, or any text.</summary>
    public static string OneOf(Random random, params string[] known) => random.Next(4) == 0 ? Text(random) : known[random.Next(known.Length)];

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Grains.Tests.Json;

public sealed class StringifyEncoderTests
{
    // Not in attributes: their texts are stored as UTF-8.
    public static TheoryData<string, string> LoneSurrogates { get; } = new()
    {
        { "\ud800", "\\ud800" },
        { "\udc00", "\\udc00" },
        { "\ud83dx\ude00", "\\ud83dx\\ude00" },
        { "\ude00\ud83d", "\\ude00\\ud83d" },
        { "\ud800\ud83d\ude00\udbff", "\\ud800\ud83d\ude00\\udbff" },
    };

    // The second value is what JSON.stringify writes between the quotes.
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("\"", "\\\"")]
    [InlineData("\\", "\\\\")]
    [InlineData("\b\f\n\r\t", "\\b\\f\\n\\r\\t")]
    [InlineData("\0\u0001\u001f", "\\u0000\\u0001\\u001f")]
    [InlineData("\u007f/<>&'`+", "\u007f/<>&'`+")]
    [InlineData("\u00e9\u00df\u65e5\u2028\u2029\ufeff\uffff\ue000", "\u00e9\u00df\u65e5\u2028\u2029\ufeff\uffff\ue000")]
    [InlineData("\ud83d\ude00", "\ud83d\ude00")]
    [InlineData("a\ud83d\ude00\"\ud83d\ude00b", "a\ud83d\ude00\\\"\ud83d\ude00b")]
    [MemberData(nameof(LoneSurrogates), DisableDiscoveryEnumeration = true)]
    public void Text_is_escaped_like_in_JavaScript(string text, string escaped)
    {
        Assert.Equal(escaped, JsonText.Encoder.Encode(text));
        Assert.Equal($"\"{escaped}\"", Encoding.UTF8.GetString(JsonText.Write(json => json.WriteStringValue(text))));
        Assert.Equal(
            $"{{\"{escaped}\":\"{escaped}\"}}",
            Encoding.UTF8.GetString(JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString(text, text);
                json.WriteEndObject();
            })));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\"\\\n\u0001/é\u2028😀", "\\\"\\\\\\n\\u0001/é\u2028😀")]
    public void Bytes_are_escaped_like_text(string text, string escaped)
    {
        var bytes = JsonText.Write(json => json.WriteStringValue(Encoding.UTF8.GetBytes(text)));

        Assert.Equal($"\"{escaped}\"", Encoding.UTF8.GetString(bytes));
        Assert.Equal(escaped, JsonEncodedText.Encode(text, JsonText.Encoder).ToString());
    }

    [Fact]
    public void A_long_text_of_escapes_is_written_completely()
    {
        var text = string.Concat(Enumerable.Repeat("\u0001\ud800😀\"", 50_000));

        var bytes = JsonText.Write(json => json.WriteStringValue(text));

        using var document = JsonDocument.Parse(bytes);
        Assert.Equal(text, JsonText.StringOf(document.RootElement));
    }

    [Theory]
    [InlineData(0xD800)]
    [InlineData(0x01)]
    public void A_text_of_only_escapes_is_written_in_linear_time(int character)
    {
        var text = new string((char)character, 2_000_000);
        var clock = Stopwatch.StartNew();

        Assert.Equal(6 * text.Length, JsonText.Encoder.Encode(text).Length);

        // In quadratic time it would take a minute.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Half_a_surrogate_pair_at_the_end_of_a_block_waits_for_the_next_block()
    {
        Span<char> target = stackalloc char[12];

        var status = JsonText.Encoder.Encode("a\ud83d", target, out var consumed, out var written, isFinalBlock: false);

        Assert.Equal((OperationStatus.NeedMoreData, 1, 1), (status, consumed, written));
    }

    [Fact]
    public void A_target_that_is_too_small_is_reported_and_not_overrun()
    {
        Span<char> target = stackalloc char[5];

        var status = JsonText.Encoder.Encode("\u0001", target, out var consumed, out var written);

        Assert.Equal((OperationStatus.DestinationTooSmall, 0, 0), (status, consumed, written));
    }
}

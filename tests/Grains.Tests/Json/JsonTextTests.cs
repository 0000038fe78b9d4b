using System.Text;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Grains.Tests.Json;

public sealed class JsonTextTests
{
    // Not in attributes: their texts are stored as UTF-8.
    public static TheoryData<string, string> LoneSurrogates { get; } = new()
    {
        { """  "a\ud800b"  """, "a\ud800b" },
        { """  "\uDC00\uD83D"  """, "\udc00\ud83d" },
    };

    [Theory]
    [InlineData("""  "plain"  """, "plain")]
    [InlineData("\"\"", "")]
    [InlineData("""  "\"\\\/\b\f\n\r\t\u0041\u00e9é"  """, "\"\\/\b\f\n\r\tAéé")]
    [InlineData("""  "\ud83d\ude00😀"  """, "😀😀")]
    [MemberData(nameof(LoneSurrogates), DisableDiscoveryEnumeration = true)]
    public void A_string_is_read_even_with_lone_surrogates(string json, string expected)
    {
        using var document = Parse(json);

        Assert.Equal(expected, JsonText.StringOf(document.RootElement));
        Assert.Equal(expected, JsonText.AsString(document.RootElement));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1,]")]
    [InlineData("{} {}")]
    [InlineData("NaN")]
    [InlineData("// no\n1")]
    public void Malformed_JSON_is_rejected(string json) => Assert.False(JsonText.TryParse(Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void Nested_writes_do_not_mix()
    {
        _ = JsonText.Write(json => json.WriteStringValue("before"));
        var outer = JsonText.Write(json =>
        {
            json.WriteStartArray();
            json.WriteNumberValue(1);
            json.WriteRawValue(JsonText.Write(inner => inner.WriteStringValue("two")));
            json.WriteEndArray();
        });

        Assert.Equal("""[1,"two"]""", Encoding.UTF8.GetString(outer));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public void A_write_starts_empty_even_after_one_that_failed(int length)
    {
        var text = new string('a', length);

        Assert.Throws<InvalidOperationException>(() => JsonText.Write(json =>
        {
            json.WriteStartArray();
            throw new InvalidOperationException();
        }));
        Assert.Equal($"\"{text}\"", Encoding.UTF8.GetString(JsonText.Write(json => json.WriteStringValue(text))));
        Assert.Equal("[]", Encoding.UTF8.GetString(JsonText.Write(json =>
        {
            json.WriteStartArray();
            json.WriteEndArray();
        })));
    }

    [Fact]
    public void Invalid_UTF8_is_rejected() => Assert.False(JsonText.TryParse(new byte[] { (byte)'"', 0xC3, (byte)'"' }, out _));

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        Assert.True(JsonText.TryParse(new byte[] { 0xEF, 0xBB, 0xBF, (byte)'1' }, out var document));
        document.Dispose();
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(1_000_000, false)]
    public void JSON_may_nest_256_levels(int depth, bool read)
    {
        var json = new string('[', depth) + new string(']', depth);

        Assert.Equal(read, JsonText.TryParse(Encoding.UTF8.GetBytes(json), out var document));
        document?.Dispose();
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", "1")]
    [InlineData("""{"a":1,"a":2}""", "2")]
    [InlineData("""{"\u0061":3}""", "3")]
    [InlineData("""{"\ud800":0,"a":4}""", "4")]
    [InlineData("""{"a":null}""", "null")]
    [InlineData("""{"\ud800":0}""", null)]
    [InlineData("[1]", null)]
    [InlineData("null", null)]
    public void A_member_is_found_by_its_name_and_the_last_of_several_counts(string json, string? expected)
    {
        using var document = Parse(json);

        Assert.Equal(expected, JsonText.TryGetMember(document.RootElement, "a", out var member) ? member.GetRawText() : null);
    }

    [Theory]
    [InlineData(" [ 1.10 , 1e400,\t12345678901234567890 ]\r\n", "[1.10,1e400,12345678901234567890]")]
    [InlineData("""{ "a b" : " \" x \\" , "c":" " }""", """{"a b":" \" x \\","c":" "}""")]
    [InlineData("""[ "\u00e9\/" , "\ud800" ]""", """["\u00e9\/","\ud800"]""")]
    [InlineData("true", "true")]
    public void Compact_text_loses_nothing_but_white_space(string json, string expected)
    {
        using var document = Parse(json);

        Assert.Equal(expected, Encoding.UTF8.GetString(JsonText.Compact(document.RootElement)));
    }

    [Theory]
    [InlineData("null", false)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("-0.0e9", false)]
    [InlineData("\"\"", false)]
    [InlineData("true", true)]
    [InlineData("1e999", true)]
    [InlineData("0.1", true)]
    [InlineData("\"0\"", true)]
    [InlineData("[]", true)]
    [InlineData("{}", true)]
    public void A_value_is_true_if_JavaScript_treats_it_as_true(string json, bool truthy)
    {
        using var document = Parse(json);

        Assert.Equal(truthy, JsonText.IsTruthy(document.RootElement));
    }

    [Fact]
    public void A_time_is_written_in_UTC_with_milliseconds() =>
        Assert.Equal("2022-01-28T17:00:22.676Z", JsonText.Iso(new DateTimeOffset(2022, 1, 28, 18, 0, 22, 676, TimeSpan.FromHours(1)).AddTicks(9999)));

    private static JsonDocument Parse(string json)
    {
        Assert.True(JsonText.TryParse(Encoding.UTF8.GetBytes(json), out var document));
        return document;
    }
}

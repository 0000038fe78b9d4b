using System.Text;
using System.Text.Json;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class JobOutputTests
{
    [Theory]
    [InlineData("[]", "[]")]
    [InlineData("""["a",1.10,null,true,[1, 2],{"a" : "é"}]""", """["a","1.10","null","true","[1,2]","{\"a\":\"é\"}"]""")]
    [InlineData("""{"a": 12345678901234567890}""", """["{\"a\":12345678901234567890}"]""")]
    [InlineData("1.10", """["1.10"]""")]
    [InlineData("null", """["null"]""")]
    [InlineData("\"text\"", """["text"]""")]
    [InlineData("\"{\\\"a\\\":1}\"", """["{\"a\":1}"]""")]
    [InlineData("\"[1, \\\"x\\\", [2]]\"", """["1","x","[2]"]""")]
    [InlineData("\" [1] \"", """["1"]""")]
    [InlineData("\"[1\"", """["[1"]""")]
    [InlineData("""["[1]"]""", """["[1]"]""")]
    [InlineData("""["\ud800","\u00e9\/"]""", """["\ud800","é/"]""")]
    [InlineData("""[{"__proto__":1,"a":1,"a":2}]""", """["{\"__proto__\":1,\"a\":1,\"a\":2}"]""")]
    public void An_output_is_stored_as_an_array_of_strings(string output, string stored)
    {
        using var document = JsonDocument.Parse(output);

        Assert.Equal(stored, Encoding.UTF8.GetString(JobOutput.Of(document.RootElement)));
    }

    [Fact]
    public void A_text_that_nests_too_deep_is_kept_as_one_text()
    {
        var deep = new string('[', 100_000) + new string(']', 100_000);
        using var document = JsonDocument.Parse($"\"{deep}\"");

        Assert.Equal($"[\"{deep}\"]", Encoding.UTF8.GetString(JobOutput.Of(document.RootElement)));
    }

    [Fact]
    public void A_message_of_the_server_is_not_parsed_as_JSON() => Assert.Equal("""["[1]"]""", Encoding.UTF8.GetString(JobOutput.OfMessage("[1]")));

    [Fact]
    public void An_empty_output_is_an_empty_array() => Assert.Equal("[]"u8, JobOutput.Empty());
}

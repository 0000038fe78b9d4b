using System.Text;
using SyncCluster.Json;

namespace SyncCluster.Grains.Tests.Json;

public sealed class LoneSurrogatesTests
{
    [Theory]
    [InlineData("""["\ud800"]""", """["\ufffd"]""")]
    [InlineData("""["\uDFFF"]""", """["\ufffd"]""")]
    [InlineData("""["\ud800\ud83d\ude00\ud800"]""", """["\ufffd\ud83d\ude00\ufffd"]""")]
    [InlineData("""["\ude00\ud83d"]""", """["\ufffd\ufffd"]""")]
    [InlineData("""["\ud83d","\ude00"]""", """["\ufffd","\ufffd"]""")]
    [InlineData("""["\\\ud800"]""", """["\\\ufffd"]""")]
    public void Every_lone_surrogate_is_replaced(string json, string expected) => Assert.Equal(expected, Replaced(json));

    [Theory]
    [InlineData("""["\ud83d\ude00"]""")]
    [InlineData("""["\\ud800"]""")]
    [InlineData("""["\u00d8\ud7ff\ue000"]""")]
    [InlineData("""["\ud80"]""")]
    [InlineData("\\ud8")]
    [InlineData("\\ud 00\\")]
    [InlineData("")]
    public void All_other_text_is_unchanged(string json) => Assert.Equal(json, Replaced(json));

    private static string Replaced(string json) => Encoding.UTF8.GetString(LoneSurrogates.Replaced(Encoding.UTF8.GetBytes(json)).Span);
}

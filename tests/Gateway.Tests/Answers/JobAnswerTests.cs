using System.Text;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Answers;

public sealed class JobAnswerTests
{
    private const string Result = """{"code":0,"times":{"seconds":0,"nanoseconds":1.50},"user":{"email":"é"}}""";

    [Theory]
    [InlineData("""["{\"a\":1}","b"]""")]
    [InlineData("""[ 1.00, 12345678901234567890 ,{"z":1,"a":2}]""")]
    [InlineData("null")]
    [InlineData("[]")]
    public void The_output_goes_out_byte_for_byte(string output) => Assert.Equal((200, output), Shape(output, AnswerFlags.Output));

    [Fact]
    public void The_result_goes_out_byte_for_byte() => Assert.Equal((200, Result), Shape("[]", AnswerFlags.Result));

    [Fact]
    public void The_full_document_goes_out_byte_for_byte() =>
        Assert.Equal((200, Document("[1.0]")), Shape("[1.0]", AnswerFlags.Full));

    [Theory]
    [InlineData(JobState.Success, 200)]
    [InlineData(JobState.Failure, 500)]
    [InlineData(JobState.Timeout, 500)]
    [InlineData(JobState.Canceled, 500)]
    [InlineData(JobState.Error, 500)]
    public void The_state_decides_the_status(JobState state, int status)
    {
        foreach (var flags in new[] { AnswerFlags.Output, AnswerFlags.Result, AnswerFlags.Full, AnswerFlags.Parse(0) })
        {
            Assert.Equal(status, Shape("""["{\"a\":1}"]""", flags, state).Status);
        }
    }

    [Theory]
    [InlineData("output", "?")]
    [InlineData("result", "?result")]
    public void A_document_without_the_asked_member_is_unreadable(string member, string asked)
    {
        var document = Document("[]").Replace($"\"{member}\":", "\"other\":", StringComparison.Ordinal);
        var flags = asked == "?result" ? AnswerFlags.Result : AnswerFlags.Output;
        Assert.IsType<JobAnswer.Unreadable>(JobAnswer.Shape(Bytes(document), JobState.Success, flags));
        Assert.IsType<JobAnswer.Shaped>(JobAnswer.Shape(Bytes(document), JobState.Success, AnswerFlags.Full));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"output":[],"result":{}""")]
    [InlineData("""{"output":[],"result":{}} x""")]
    [InlineData("""{"output":[,],"result":{}}""")]
    [InlineData("\uFEFF{\"output\":[],\"result\":{}}")]
    public void A_malformed_document_is_unreadable_whatever_is_asked_of_it(string document)
    {
        foreach (var flags in new[] { AnswerFlags.Output, AnswerFlags.Result, AnswerFlags.Full, AnswerFlags.Parse(0) })
        {
            Assert.IsType<JobAnswer.Unreadable>(JobAnswer.Shape(Bytes(document), JobState.Success, flags));
        }
    }

    [Fact]
    public void A_document_that_is_no_utf8_is_unreadable()
    {
        byte[] document = [.. "{\"output\":[\""u8, 0xFF, .. "\"],\"result\":{}}"u8];
        Assert.IsType<JobAnswer.Unreadable>(JobAnswer.Shape(document, JobState.Success, AnswerFlags.Output));
    }

    [Fact]
    public void Members_of_nested_objects_are_not_taken_for_the_documents()
    {
        var document = """{"task_arguments_values":[{"output":1}],"env":{"output":"x"},"output":["a"],"result":{"output":2}}""";
        Assert.Equal((200, """["a"]"""), Shaped(JobAnswer.Shape(Bytes(document), JobState.Success, AnswerFlags.Output)));
    }

    [Fact]
    public void Names_may_be_escaped()
    {
        var document = """{"\u006futput":["a"],"result":{}}""";
        Assert.Equal((200, """["a"]"""), Shaped(JobAnswer.Shape(Bytes(document), JobState.Success, AnswerFlags.Output)));
    }

    [Fact]
    public void Names_with_half_a_surrogate_pair_are_not_valid()
    {
        var document = """{"\ud800xxxx":0,"output":["a\ud800"],"result":{}}""";
        Assert.Equal((200, """["a\ud800"]"""), Shaped(JobAnswer.Shape(Bytes(document), JobState.Success, AnswerFlags.Output)));
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(300, false)]
    public void Arguments_of_256_levels_fit_into_the_document(int levels, bool readable)
    {
        var deep = new string('[', levels) + new string(']', levels);
        var document = $$$"""{"task_arguments_values":{{{deep}}},"output":[],"result":{}}""";
        Assert.Equal(readable, JobAnswer.Shape(Bytes(document), JobState.Success, AnswerFlags.Output) is JobAnswer.Shaped);
    }

    internal static string Document(string output) =>
        $$"""{"id":"0123456789abcdef01234567","env":{},"state":"success","result":{{Result}},"output":{{output}},"creation_date":"2022-01-28T16:59:54.000Z"}""";

    internal static (int Status, string Body) Shape(string output, AnswerFlags flags, JobState state = JobState.Success) =>
        Shaped(JobAnswer.Shape(Bytes(Document(output)), state, flags));

    private static (int Status, string Body) Shaped(JobAnswer answer)
    {
        var shaped = Assert.IsType<JobAnswer.Shaped>(answer);
        return (shaped.Status, Encoding.UTF8.GetString(shaped.Body.Span));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

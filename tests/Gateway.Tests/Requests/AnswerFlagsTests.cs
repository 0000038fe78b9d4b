using SyncCluster.Gateway.Requests;
using static SyncCluster.Gateway.Tests.Requests.Queries;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class AnswerFlagsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("?access_token=t&other=1")]
    public void Without_a_flag_the_output_is_the_answer(string query) => Assert.Equal(AnswerFlags.Output, AnswerFlags.Of(Query(query)));

    [Theory]
    [InlineData("?result", "?result")]
    [InlineData("?result=false", "?result")]
    [InlineData("?full=0", "?full")]
    [InlineData("?full=1&full=2", "?full")]
    public void The_value_of_result_and_full_is_ignored(string query, string shape) => Assert.Equal(shape, AnswerFlags.Of(Query(query)).ToQueryString());

    [Theory]
    [InlineData("?parse&full&result", "?result")]
    [InlineData("?parse=2&full", "?full")]
    [InlineData("?parse=-1&result=", "?result")]
    public void The_first_present_of_result_full_and_parse_counts(string query, string shape) =>
        Assert.Equal(shape, AnswerFlags.Of(Query(query)).ToQueryString());

    [Theory]
    [InlineData("?parse", 0)]
    [InlineData("?parse=", 0)]
    [InlineData("?parse=0", 0)]
    [InlineData("?parse=2", 2)]
    [InlineData("?parse=007", 7)]
    [InlineData("?parse=2147483647", int.MaxValue)]
    [InlineData("?parse=00000000000000000000000000003", 3)]
    public void Digits_name_an_element(string query, int index) => Assert.Equal(AnswerFlags.Parse(index), AnswerFlags.Of(Query(query)));

    [Theory]
    [InlineData("?parse=-1")]
    [InlineData("?parse=-0")]
    [InlineData("?parse=%2B1")]
    [InlineData("?parse=1.0")]
    [InlineData("?parse=1.5")]
    [InlineData("?parse=1e1")]
    [InlineData("?parse=0x1")]
    [InlineData("?parse=true")]
    [InlineData("?parse=%201")]
    [InlineData("?parse=1%00")]
    [InlineData("?parse=%D9%A1")]
    [InlineData("?parse=1&parse=1")]
    [InlineData("?parse&parse=1")]
    [InlineData("?parse=2147483648")]
    [InlineData("?parse=99999999999999999999999999999999999999")]
    public void Anything_else_as_index_gives_the_raw_output(string query) => Assert.Equal(AnswerFlags.Output, AnswerFlags.Of(Query(query)));

    [Theory]
    [InlineData("?access_token=secret&result=1", "?result")]
    [InlineData("?access_token=secret&full", "?full")]
    [InlineData("?access_token=secret&parse=0", "?parse")]
    [InlineData("?access_token=secret&parse=12", "?parse=12")]
    [InlineData("?access_token=secret&parse=-1", "")]
    [InlineData("?access_token=secret", "")]
    public void A_location_carries_the_flag_and_no_token(string query, string location)
    {
        var flags = AnswerFlags.Of(Query(query));
        Assert.Equal(location, flags.ToQueryString());
        Assert.Equal(flags, AnswerFlags.Of(Query(location)));
    }
}

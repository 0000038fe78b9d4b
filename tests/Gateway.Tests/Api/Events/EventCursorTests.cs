using System.Text;
using SyncCluster.Gateway.Api.Events;
using SyncCluster.Jobs;
using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Tests.Api.Events;

public sealed class EventCursorTests
{
    private const string Job = "0123456789abcdef01234567";

    [Theory]
    [InlineData("assigned.0")]
    [InlineData("finished.9223372036854775807")]
    [InlineData("syncing.12")]
    [InlineData(".0")]
    [InlineData(".12")]
    [InlineData("end")]
    public void What_an_event_says_is_where_its_reader_is(string position)
    {
        var id = $"{Job}.{position}";
        Assert.Equal((id, Job), (EventCursor.Of(id).ToString(), EventCursor.Of(id).Job));
        Assert.Equal(EventCursor.Of(id), EventCursor.Of(id).In(Job));
        Assert.Equal(default, EventCursor.Of(id).In("fedcba9876543210fedcba98"));
    }

    [Theory]
    [InlineData("assigned.7")]
    [InlineData(".7")]
    [InlineData("end")]
    public void An_id_of_version_0_1_names_no_job_and_is_a_position_in_any(string id)
    {
        Assert.Null(EventCursor.Of(id).Job);
        Assert.NotEqual(default, EventCursor.Of(id));
        Assert.Equal(EventCursor.Of($"{Job}.{id}"), EventCursor.Of(id).In(Job) with { Job = Job });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("assigned")]
    [InlineData("assigned.")]
    [InlineData("assigned.-1")]
    [InlineData("assigned.+1")]
    [InlineData("assigned.1.2")]
    [InlineData("assigned.9223372036854775808")]
    [InlineData("Assigned.1")]
    [InlineData("nothing.1")]
    [InlineData("END")]
    [InlineData("\u0000")]
    [InlineData(Job)]
    [InlineData($"{Job}.")]
    [InlineData($"{Job}.7")]
    [InlineData($"{Job}.END")]
    [InlineData($"{Job}.assigned")]
    [InlineData($"{Job}.assigned.-1")]
    [InlineData($"{Job}.{Job}.assigned.1")]
    [InlineData($"0{Job}.assigned.1")]
    [InlineData("0123456789ABCDEF01234567.assigned.1")]
    public void What_no_event_has_said_is_the_beginning(string? id) => Assert.Equal(default, EventCursor.Of(id));

    /// <summary>Read live in any pieces and taken up at the end at any place, a log is the same.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(40_000)]
    [InlineData(120_000)]
    public void The_rest_of_a_log_follows_on_what_was_read_of_it(int lines)
    {
        var log = new ScriptLog();
        var random = new Random(lines);
        var read = new List<JobLog>();
        var next = 0L;
        for (var line = 0; line < lines; line++)
        {
            log.Append(Encoding.UTF8.GetBytes($"line {line} of äöü€👾 {new string('x', random.Next(20))}\n"));
            if (line % 997 == 3)
            {
                var part = log.Read(next, 1 << 16);
                read.Add(new(part.From, part.Text));
                next = read[^1].Next;
            }
        }

        var text = log.Text();
        var ended = new EndedLog(text);
        foreach (var known in read)
        {
            var (from, rest) = ended.RestOf(known.Next);
            Assert.True(from >= known.Next);

            // What is cut out may begin in the middle of a line, and end there.
            Assert.StartsWith(from == known.Next ? "line " : "", Encoding.UTF8.GetString(rest.Span), StringComparison.Ordinal);
            Assert.EndsWith(text[^40..], Encoding.UTF8.GetString(rest.Span), StringComparison.Ordinal);
        }

        Assert.True(ended.RestOf(long.MaxValue).Text.IsEmpty);
        Assert.Equal(text, Encoding.UTF8.GetString(ended.RestOf(0).Text.Span));
        if (text.Length == 0 || !text.Contains("were cut here", StringComparison.Ordinal))
        {
            Assert.Equal(text, string.Concat(read.Select(part => Encoding.UTF8.GetString(part.Text))) + Encoding.UTF8.GetString(ended.RestOf(next).Text.Span));
        }
    }

    [Fact]
    public void A_log_is_read_in_whole_lines_until_a_line_is_too_long()
    {
        var log = new ScriptLog();
        log.Append("one\ntw"u8);
        Assert.Equal("one\n"u8.ToArray(), log.Read(0, 100).Text);
        Assert.Empty(log.Read(4, 100).Text);
        log.Append("o\n"u8);
        Assert.Equal("two\n"u8.ToArray(), log.Read(4, 100).Text);
        log.Append(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("é", 60))));
        Assert.Equal(string.Concat(Enumerable.Repeat("é", 49)), Encoding.UTF8.GetString(log.Read(8, 99).Text));
    }

    [Theory]
    [InlineData("10 %\r20 %", "10 %\r")]
    [InlineData("10 %\r20 %\r", "10 %\r")]
    [InlineData("\r10 %\r20 %", "\r10 %\r")]
    [InlineData("one\r", "")]
    [InlineData("one\r\n", "one\r\n")]
    [InlineData("one\r\ntwo", "one\r\n")]
    [InlineData("eight...\r\nmore", "eight...")]
    public void What_a_progress_bar_overwrites_is_a_line_and_no_line_end_is_torn(string printed, string lines)
    {
        var log = new ScriptLog();
        log.Append(Encoding.UTF8.GetBytes(printed));
        Assert.Equal(lines, Encoding.UTF8.GetString(log.Read(0, 9).Text));
    }

    [Fact]
    public void Characters_that_come_in_pieces_are_put_together()
    {
        var log = new ScriptLog();
        foreach (var letter in Encoding.UTF8.GetBytes("a€👾\n"))
        {
            log.Append([letter]);
        }

        log.Append([0xE2, 0x82]);
        log.Append("x\n"u8);
        Assert.Equal("a€👾\n\ufffdx\n", Encoding.UTF8.GetString(log.Read(0, 100).Text));
        Assert.Equal("a€👾\n\ufffdx\n", log.Text());
    }
}
